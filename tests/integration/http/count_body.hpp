// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/body_reader.hpp>

#include <cstddef>
#include <string>

namespace test_support {

/// A handler that reads a streamed body and answers with its number of bytes.
inline weir::task<weir::result<std::string>> count_body(weir::body_reader in) {
    std::size_t count = 0;
    for (;;) {
        const auto piece = co_await in.read();
        if (!piece) co_return piece.error();
        if (piece->empty()) break;
        count += piece->size();
    }
    co_return std::to_string(count);
}

} // namespace test_support
