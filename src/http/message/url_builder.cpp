// SPDX-License-Identifier: MIT
#include <weir/http/url_builder.hpp>

namespace weir::http {

namespace {

bool unreserved(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

} // namespace

std::string percent_encode(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        if (unreserved(c)) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += digits[byte >> 4];
        encoded += digits[byte & 15];
    }
    return encoded;
}

url_builder& url_builder::segment(std::string_view segment) {
    if (text_.empty() || text_.back() != '/') text_ += '/';
    text_ += percent_encode(segment);
    return *this;
}

url_builder& url_builder::query(std::string_view name, std::string_view value) {
    if (!has_query_)
        text_ += '?';
    else if (text_.back() != '?' && text_.back() != '&')
        text_ += '&';
    has_query_ = true;
    text_ += percent_encode(name);
    text_ += '=';
    text_ += percent_encode(value);
    return *this;
}

} // namespace weir::http
