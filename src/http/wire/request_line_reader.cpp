// SPDX-License-Identifier: MIT
#include "http/wire/request_line_reader.hpp"

#include "http/field/authority.hpp"
#include "http/field/byte_scan.hpp"
#include "http/wire/same_word.hpp"

#include <algorithm>
#include <cstring>

namespace weir::http::detail {

bool request_line_reader::any_request_line() noexcept {
    start_request_line();
    if (at_ == end_) return out_of_bytes();
    if (*at_ == '\r' && !skip_leading_line_end()) return false;
    return method_word() && target_text() && version() && target_form();
}

/// RFC 9112 section 2.2: some clients send an extra CRLF after a body.
bool request_line_reader::skip_leading_line_end() noexcept {
    ++at_;
    if (!line_end()) return false;
    start_request_line();
    return true;
}

bool request_line_reader::method_word() noexcept {
    const char* const start = at_;
    at_ = skip_class(byte_class::token, skip_name(at_, stop_), stop_);
    if (at_ == stop_) return out_of_bytes();
    if (*at_ != ' ' || at_ == start) return bad("the request line doesn't start with a method");
    head_.method_at = offset(start);
    head_.method_size = static_cast<std::uint32_t>(at_ - start);
    head_.verb = parse_method({start, head_.method_size});
    ++at_;
    return true;
}

bool request_line_reader::target_text() noexcept {
    const char* const start = at_;
    at_ = skip_target(at_, stop_);
    const char* path_end = at_;
    while (at_ != stop_ && *at_ == '?') at_ = skip_target(at_ + 1, stop_);
    if (at_ == stop_) return out_of_bytes();
    if (*at_ != ' ') return bad("the request target has a character that isn't allowed there");
    if (at_ == start) return bad("the request target is missing");
    head_.target = offset(start);
    head_.target_size = static_cast<std::uint32_t>(at_ - start);
    head_.path_size = static_cast<std::uint32_t>(path_end - start);
    ++at_;
    return true;
}

bool request_line_reader::version() noexcept {
    if (stop_ - at_ < 10 || std::memcmp(at_, "HTTP/1.1\r\n", 10) != 0) return odd_version();
    head_.minor_version = 1;
    at_ += 10;
    return true;
}

/// Parses byte by byte: another version, an incomplete one, or none.
bool request_line_reader::odd_version() noexcept {
    constexpr std::string_view shape = "HTTP/d.d\r";
    const char* const start = at_;
    for (const char expected : shape) {
        if (at_ == stop_) return out_of_bytes();
        const bool digit = *at_ >= '0' && *at_ <= '9';
        if (expected == 'd' ? !digit : *at_ != expected) return bad("the request line doesn't end with a version");
        ++at_;
    }
    if (!line_end()) return false;
    if (start[5] != '1') return refuse(505, "the HTTP version isn't supported");
    head_.minor_version = start[7] == '0' ? 0 : 1;
    return true;
}

bool request_line_reader::target_form() noexcept {
    if (head_.verb == method::connect) return refuse(501, "CONNECT isn't supported");
    const auto target = view(head_.target, head_.target_size);
    if (target.front() == '/') return true;
    if (target == "*") return head_.verb == method::options || bad("only OPTIONS may ask for *");
    if (same_word(target.substr(0, 7), "http://")) return absolute_form(7);
    if (same_word(target.substr(0, 8), "https://")) return absolute_form(8);
    return bad("the request target is neither a path nor a URL");
}

bool request_line_reader::absolute_form(std::size_t scheme_size) noexcept {
    const auto scheme = static_cast<std::uint32_t>(scheme_size);
    if (head_.path_size < scheme) return bad("the request target has no host");
    const auto rest = view(head_.target + scheme, head_.path_size - scheme);
    const auto host_size = static_cast<std::uint32_t>(std::min(rest.find('/'), rest.size()));
    if (!valid_authority(rest.substr(0, host_size))) return bad("the request target's host is invalid");
    head_.authority = head_.target + scheme;
    head_.authority_size = host_size;
    head_.target += scheme + host_size;
    head_.target_size -= scheme + host_size;
    head_.path_size -= scheme + host_size;
    return true;
}

} // namespace weir::http::detail
