// SPDX-License-Identifier: MIT
#include "http/vary.hpp"

#include "http/field_syntax.hpp"

namespace weir::http::detail {

namespace {

// All Vary fields in one list.
std::string gathered(const header_list& headers) {
    std::string all;
    for (std::string_view rest = headers.lines(); !rest.empty();) {
        const auto end = rest.find("\r\n");
        const auto line = rest.substr(0, end);
        rest.remove_prefix(end + 2);
        const auto colon = line.find(':');
        if (!equal_no_case(line.substr(0, colon), "vary")) continue;
        if (!all.empty()) all += ", ";
        all += trim(line.substr(colon + 1));
    }
    return all;
}

bool says(std::string_view all, std::string_view name) {
    for (comma_list list(all); list.next();)
        if (list.element() == "*" || equal_no_case(list.element(), name)) return true;
    return false;
}

} // namespace

void add_vary(header_list& headers, std::string_view name) {
    if (!headers.contains("vary")) return void(headers.add("vary", name));
    std::string all = gathered(headers);
    if (says(all, name)) return;
    all.append(all.empty() ? "" : ", ").append(name);
    headers.set("vary", all);
}

} // namespace weir::http::detail
