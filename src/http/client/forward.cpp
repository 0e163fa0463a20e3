// SPDX-License-Identifier: MIT
// Converts a received response to one that a gateway forwards.
#include "http/field/field_syntax.hpp"
#include "http/message/header_access.hpp"
#include <weir/http/client.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace weir::http {

namespace {

using detail::equal_no_case;

// RFC 9110, 7.6.1: fields for the next hop only, and those that the server sets itself.
bool stays_behind(std::string_view name) noexcept {
    if (detail::starts_with_no_case(name, "proxy-")) return true;
    for (const std::string_view one :
         {"connection", "date", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
        if (equal_no_case(name, one)) return true;
    return false;
}

bool less_no_case(std::string_view a, std::string_view b) noexcept {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return detail::lower(x) < detail::lower(y);
    });
}

// Returns the names in Connection, sorted: a hostile list may be as long as a head.
std::vector<std::string_view> named_by_connection(const header_list& received) {
    std::vector<std::string_view> all;
    if (!received.contains("connection")) return all;
    for (const header_view field : received)
        if (equal_no_case(field.name, "connection"))
            for (detail::comma_list list(field.value); list.next();) all.push_back(list.element());
    std::sort(all.begin(), all.end(), less_no_case);
    return all;
}

// A length without a body belongs to an answer to HEAD; the server only sends it for those.
header_list passed_on(const header_list& received, bool has_body) {
    const auto named = named_by_connection(received);
    header_list kept;
    for (const header_view field : received) {
        if (stays_behind(field.name) || (has_body && equal_no_case(field.name, "content-length"))) continue;
        if (std::binary_search(named.begin(), named.end(), field.name, less_no_case)) continue;
        detail::header_access::append(kept, field.name, field.value);
    }
    return kept;
}

} // namespace

client_response::operator response() const& {
    response made(status);
    made.headers = passed_on(headers, !body.empty());
    made.body = body;
    return made;
}

client_response::operator response() && {
    response made(status);
    made.headers = passed_on(headers, !body.empty());
    made.body = std::move(body);
    return made;
}

void into_response(client_response answer, response& out) { out = response(std::move(answer)); }

} // namespace weir::http
