// SPDX-License-Identifier: MIT
#include "http/field/cache_control.hpp"

#include "http/field/field_syntax.hpp"

#include <algorithm>
#include <cstdint>

namespace weir::http::detail {

namespace {

constexpr std::int64_t most_seconds = std::int64_t(1) << 31;

std::string_view unquoted(std::string_view text) noexcept {
    const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    return quoted ? text.substr(1, text.size() - 2) : text;
}

void shorten(std::optional<std::chrono::seconds>& time, std::string_view value) {
    const auto given = parse_delta_seconds(unquoted(value)).value_or(std::chrono::seconds(0));
    time = std::min(given, time.value_or(given));
}

} // namespace

std::optional<std::chrono::seconds> parse_delta_seconds(std::string_view text) {
    if (text.empty()) return std::nullopt;
    std::int64_t sum = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        sum = std::min(most_seconds, 10 * sum + (c - '0'));
    }
    return std::chrono::seconds(sum);
}

void cache_directives::add(std::string_view field) {
    for (comma_list list(field); list.next();) {
        std::string_view value = list.element();
        const std::string_view name = take_until(value, '=');
        const auto is = [&](std::string_view known) { return equal_no_case(name, known); };
        if (is("no-store"))
            no_store = true;
        else if (is("no-cache"))
            no_cache = true;
        else if (is("private"))
            is_private = true;
        else if (is("public"))
            is_public = true;
        else if (is("must-revalidate") || is("proxy-revalidate"))
            must_revalidate = true;
        else if (is("max-age"))
            shorten(max_age, value);
        else if (is("s-maxage"))
            shorten(s_maxage, value);
        else if (is("stale-while-revalidate"))
            shorten(stale_while_revalidate, value);
        else if (is("stale-if-error"))
            shorten(stale_if_error, value);
    }
}

} // namespace weir::http::detail
