// SPDX-License-Identifier: MIT
#include "http/message/framing_fields.hpp"

#include "http/field/field_syntax.hpp"

#include <algorithm>

namespace weir::http::detail {

namespace {

// Common fields must not share a bit with the framing fields, so that most responses skip the search for those.
constexpr bool common_names_are_distinct() noexcept {
    for (const std::string_view usual :
         {"content-type",
          "cache-control",
          "etag",
          "last-modified",
          "set-cookie",
          "location",
          "vary",
          "x-request-id",
          "content-encoding",
          "x-content-type-options",
          "access-control-allow-origin",
          "strict-transport-security",
          "content-security-policy",
          "referrer-policy",
          "x-frame-options",
          "server",
          "expires",
          "retry-after",
          "ratelimit-policy",
          "ratelimit",
          "x-ratelimit-limit",
          "x-ratelimit-remaining",
          "x-ratelimit-reset"})
        if ((name_bit(usual) & framing_names) != 0) return false;
    return true;
}
static_assert(common_names_are_distinct());

bool is_number(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void take_options(std::string_view value, std::string& options) {
    for (comma_list list(value); list.next();) {
        const auto one = list.element();
        if (equal_no_case(one, "close") || equal_no_case(one, "keep-alive")) continue;
        if (!options.empty()) options += ", ";
        options += one;
    }
}

} // namespace

framing_fields read_framing_fields(const header_list& fields) {
    framing_fields found;
    for (const header_view field : fields) {
        if (equal_no_case(field.name, "connection")) {
            take_options(field.value, found.options);
        } else if (equal_no_case(field.name, "date")) {
            if (found.date.empty()) found.date = field.value;
        } else if (equal_no_case(field.name, "content-length")) {
            if (found.length.empty() && is_number(field.value)) found.length = field.value;
        } else if (!equal_no_case(field.name, "transfer-encoding")) {
            found.others.append(field.name).append(": ").append(field.value).append("\r\n");
        }
    }
    return found;
}

bool lists_close(const header_list& fields) noexcept {
    for (const header_view field : fields) {
        if (!equal_no_case(field.name, "connection")) continue;
        for (comma_list list(field.value); list.next();)
            if (equal_no_case(list.element(), "close")) return true;
    }
    return false;
}

} // namespace weir::http::detail
