// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/fixed_string.hpp>

#include <cstddef>
#include <string_view>

namespace weir::http {

namespace detail {

// Deliberately not constexpr: calling one of these in a consteval check stops the compilation, and the compiler's
// message shows its name.
inline void a_route_pattern_starts_with_a_slash() {}
inline void a_route_pattern_has_an_unclosed_or_empty_brace() {}
inline void a_route_parameter_fills_its_whole_segment() {}
inline void a_wildcard_stands_last_in_its_pattern() {}
inline void a_route_pattern_names_a_parameter_twice() {}
inline void a_route_pattern_has_more_than_eight_parameters() {}
inline void the_handler_names_a_path_parameter_that_the_pattern_lacks() {}

inline constexpr std::size_t most_parameters = 8;

/// The names in a pattern, in order; `{*rest}` counts as `rest`.
struct pattern_names {
    std::string_view names[most_parameters]{};
    std::size_t size = 0;

    constexpr bool contains(std::string_view name) const {
        for (std::size_t i = 0; i < size; ++i)
            if (names[i] == name) return true;
        return false;
    }

    constexpr void add(std::string_view name) {
        if (contains(name)) a_route_pattern_names_a_parameter_twice();
        if (size == most_parameters) a_route_pattern_has_more_than_eight_parameters();
        names[size++] = name;
    }
};

constexpr std::string_view parameter_name(std::string_view segment, bool last) {
    const std::size_t open = segment.find('{');
    const std::size_t close = segment.find('}');
    if (open == std::string_view::npos && close == std::string_view::npos) return {};
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        a_route_pattern_has_an_unclosed_or_empty_brace();
    if (open != 0 || close + 1 != segment.size()) a_route_parameter_fills_its_whole_segment();
    std::string_view name = segment.substr(1, segment.size() - 2);
    if (!name.empty() && name.front() == '*') {
        if (!last) a_wildcard_stands_last_in_its_pattern();
        name.remove_prefix(1);
    }
    if (name.empty() || name.find('{') != std::string_view::npos) a_route_pattern_has_an_unclosed_or_empty_brace();
    return name;
}

constexpr pattern_names parameter_names(std::string_view pattern) {
    if (pattern.empty() || pattern.front() != '/') a_route_pattern_starts_with_a_slash();
    pattern_names found;
    while (!pattern.empty()) {
        pattern.remove_prefix(1);
        const std::size_t end = pattern.find('/');
        const bool last = end == std::string_view::npos;
        const std::string_view name = parameter_name(pattern.substr(0, end), last);
        if (!name.empty()) found.add(name);
        pattern = last ? std::string_view{} : pattern.substr(end);
    }
    return found;
}

} // namespace detail

/// A route's pattern, checked at compile time: its syntax, and that it contains every `path<"name", T>` of the handler.
/// `{name}` matches one segment, `{*name}` the rest of the path. Names are the handler's path parameters.
template<fixed_string... Names>
class route_pattern {
public:
    template<std::size_t N>
    consteval route_pattern(const char (&literal)[N]) : text_(literal, N - 1) {
        [[maybe_unused]] const auto present = detail::parameter_names(text_);
        (require(present, Names.view()), ...);
    }

    constexpr std::string_view text() const { return text_; }

private:
    static constexpr void require(const detail::pattern_names& present, std::string_view name) {
        if (!present.contains(name)) detail::the_handler_names_a_path_parameter_that_the_pattern_lacks();
    }

    std::string_view text_;
};

} // namespace weir::http
