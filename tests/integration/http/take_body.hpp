// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace test_support {

inline std::optional<std::size_t> number_at(std::string_view text, int base) {
    std::size_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (read.ec != std::errc()) return {};
    return value;
}

/// Removes a complete response 200 from the front of `in` and returns its body; nothing if more must arrive. Throws for
/// any other response.
inline std::optional<std::string> take_body(std::string& in) {
    const std::size_t blank = in.find("\r\n\r\n");
    if (blank == std::string::npos) return {};
    const std::string_view head(in.data(), blank + 2);
    if (!head.starts_with("HTTP/1.1 200 ")) throw std::runtime_error("answered " + in.substr(0, 300));
    std::string body;
    std::size_t at = blank + 4;
    if (const std::size_t field = head.find("content-length: "); field != std::string_view::npos) {
        const std::size_t size = number_at(head.substr(field + 16), 10).value_or(0);
        if (in.size() < at + size) return {};
        body = in.substr(at, size);
        at += size;
    } else {
        for (std::size_t size = 1; size != 0;) {
            const std::size_t line = in.find("\r\n", at);
            if (line == std::string::npos) return {};
            const auto said = number_at(std::string_view(in).substr(at, line - at), 16);
            if (!said) throw std::runtime_error("a chunk size that is none: " + in.substr(at, 20));
            size = *said;
            if (in.size() < line + 2 + size + 2) return {};
            body.append(in, line + 2, size);
            at = line + 2 + size + 2;
        }
    }
    in.erase(0, at);
    return body;
}

} // namespace test_support
