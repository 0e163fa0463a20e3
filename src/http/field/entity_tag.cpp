// SPDX-License-Identifier: MIT
#include "http/field/entity_tag.hpp"

#include "http/field/field_syntax.hpp"

namespace weir::http::detail {

namespace {

bool tag_char(char c) noexcept { return c == '!' || static_cast<unsigned char>(c) > 0x22; }

void skip_separators(std::string_view& rest) noexcept {
    while (!rest.empty() && (rest.front() == ',' || rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
}

} // namespace

bool take_entity_tag(std::string_view& rest, entity_tag& out) noexcept {
    auto text = rest;
    out.weak = text.starts_with("W/");
    if (out.weak) text.remove_prefix(2);
    if (!text.starts_with('"')) return false;
    const auto close = text.find('"', 1);
    if (close == std::string_view::npos) return false;
    out.opaque = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    return std::all_of(out.opaque.begin(), out.opaque.end(), [](char c) { return tag_char(c) && c != '\x7f'; });
}

bool lists_tag(std::string_view list, entity_tag wanted, tag_comparison how) noexcept {
    for (skip_separators(list); !list.empty(); skip_separators(list)) {
        entity_tag one;
        if (!take_entity_tag(list, one)) return false;
        const auto after = trim(list);
        if (!after.empty() && after.front() != ',') return false;
        if (how == tag_comparison::strong ? strong_match(one, wanted) : weak_match(one, wanted)) return true;
    }
    return false;
}

} // namespace weir::http::detail
