// SPDX-License-Identifier: MIT
#include "http/message/trailers.hpp"

#include "http/field/field_syntax.hpp"
#include "http/message/header_access.hpp"

#include <algorithm>
#include <array>

namespace weir::http {

namespace detail {

bool fits_trailers(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 30> misplaced{
        "age",
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-range",
        "content-type",
        "content-length",
        "cookie",
        "date",
        "expect",
        "expires",
        "forwarded",
        "host",
        "keep-alive",
        "location",
        "max-forwards",
        "origin",
        "pragma",
        "range",
        "retry-after",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "vary",
        "via",
        "warning",
        "www-authenticate",
    };
    for (const std::string_view family : {"proxy-", "if-", "x-forwarded-", "access-control-"})
        if (starts_with_no_case(name, family)) return false;
    return std::none_of(misplaced.begin(), misplaced.end(), [&](auto one) { return equal_no_case(name, one); });
}

void take_trailer(header_list& to, std::string_view name, std::string_view value) {
    if (fits_trailers(name)) header_access::append(to, name, value);
}

header_list parse_trailers(std::string_view lines) {
    header_list made;
    while (!lines.empty()) {
        const auto end = lines.find('\n');
        const auto line = lines.substr(0, end);
        const auto colon = line.find(':');
        take_trailer(made, line.substr(0, colon), trim(line.substr(colon + 1)));
        lines.remove_prefix(end + 1);
    }
    return made;
}

} // namespace detail

const header_list& request::trailers() const noexcept {
    static const header_list none;
    const auto* const came = context_ != nullptr ? context_->find<detail::request_trailers>() : nullptr;
    return came != nullptr ? came->fields : none;
}

} // namespace weir::http
