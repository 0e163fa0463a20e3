// SPDX-License-Identifier: MIT
#pragma once

#include "http/wire/content_decoder.hpp"

#include <array>
#include <string>
#include <string_view>

namespace test_support {

/// Appends everything that the bytes decode to, up to an error.
inline weir::result<void> decode(weir::http::detail::content_decoder& decoder, std::string_view bytes,
                                 std::string& out) {
    std::array<char, 1000> room;
    while (true) {
        const auto size = decoder.read(bytes, room);
        if (!size) return size.error();
        if (*size == 0) return weir::ok();
        out.append(room.data(), *size);
    }
}

inline weir::result<void> decode(weir::http::detail::content_decoder&& fresh, std::string_view bytes,
                                 std::string& out) {
    return decode(fresh, bytes, out);
}

} // namespace test_support
