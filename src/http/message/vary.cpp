// SPDX-License-Identifier: MIT
#include "http/message/vary.hpp"

#include "http/field/field_syntax.hpp"

namespace weir::http::detail {

namespace {

// Joins all Vary fields into one list.
std::string gathered(const header_list& headers) {
    std::string all;
    for (const header_view field : headers) {
        if (!equal_no_case(field.name, "vary")) continue;
        if (!all.empty()) all += ", ";
        all += trim(field.value);
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
