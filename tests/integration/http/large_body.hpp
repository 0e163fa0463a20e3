// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/file_body.hpp>

#include <cstddef>
#include <fcntl.h>
#include <memory>
#include <string>

namespace test_support {

/// Text in which a lost or misplaced piece is visible.
inline std::string pattern(std::size_t size) {
    std::string text;
    text.reserve(size + 8);
    for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
    text.resize(size);
    return text;
}

inline std::shared_ptr<const weir::http::open_file> file_of(const std::string& path) {
    return std::make_shared<weir::http::open_file>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

} // namespace test_support
