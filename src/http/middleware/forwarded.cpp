// SPDX-License-Identifier: MIT
#include "http/middleware/forwarded.hpp"

#include "http/field/field_syntax.hpp"

#include <algorithm>

namespace weir::http::detail {

namespace {

// Returns the content of a token, or of a quoted string without escapes. (Real proxies also leave ':' and brackets
// unquoted, against the grammar.)
bool unquote(std::string_view text, std::string_view& out) noexcept {
    const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    out = quoted ? text.substr(1, text.size() - 2) : text;
    const auto foreign = out.find_first_of(quoted ? "\"\\" : "\"\\ \t");
    return foreign == std::string_view::npos && !out.empty();
}

// Stores one `name=value`; false if it is malformed or repeated.
bool note_pair(std::string_view pair, forwarded_hop& hop) noexcept {
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || !is_token(pair.substr(0, equals))) return false;
    const auto name = pair.substr(0, equals);
    std::string_view value;
    if (!unquote(pair.substr(equals + 1), value)) return false;
    std::string_view* const place =
        equal_no_case(name, "for")     ? &hop.address
        : equal_no_case(name, "proto") ? &hop.scheme
        : equal_no_case(name, "host")
            ? &hop.host
            : nullptr;
    if (place == nullptr) return true;
    return place->empty() ? (*place = value, true) : false;
}

forwarded_hop parse_element(std::string_view element) noexcept {
    forwarded_hop hop;
    while (!element.empty()) {
        const auto pair = take_until(element, ';');
        if (!pair.empty() && !note_pair(pair, hop)) return {};
    }
    return hop;
}

bool is_escaped(std::string_view text, std::size_t at) noexcept {
    const auto before = text.substr(0, at).find_last_not_of('\\');
    const std::size_t backslashes = before == std::string_view::npos ? at : at - 1 - before;
    return backslashes % 2 != 0;
}

// Removes and returns the last element of a list. Read from the right, a quote after a backslash is within a quoted
// string, since an opening quote follows a '='.
std::string_view take_last(std::string_view& list) noexcept {
    bool quoted = false;
    std::size_t at = list.size();
    for (; at != 0; --at) {
        const char c = list[at - 1];
        if (c == ',' && !quoted) break;
        if (c == '"') quoted = !quoted || is_escaped(list, at - 1);
    }
    const auto element = trim(list.substr(at));
    list = list.substr(0, at == 0 ? 0 : at - 1);
    return element;
}

bool digits_only(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

void parse_forwarded(std::string_view field, std::vector<forwarded_hop>& out) {
    const auto first = static_cast<std::ptrdiff_t>(out.size());
    while (!field.empty())
        if (const auto element = take_last(field); !element.empty()) out.push_back(parse_element(element));
    std::reverse(out.begin() + first, out.end());
}

std::string_view hop_address(std::string_view text) noexcept {
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return {};
        const auto rest = text.substr(close + 1);
        if (!rest.empty() && (rest.front() != ':' || !digits_only(rest.substr(1)))) return {};
        return text.substr(1, close - 1);
    }
    const auto colon = text.find(':');
    const bool has_port = colon != std::string_view::npos && colon == text.rfind(':');
    if (!has_port) return text;
    return digits_only(text.substr(colon + 1)) ? text.substr(0, colon) : std::string_view{};
}

} // namespace weir::http::detail
