// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace weir::http::detail {

/// The directives of a response's Cache-Control that concern a shared cache (RFC 9111 section 5.2.2, RFC 5861). One
/// that names fields, such as `private="set-cookie"`, counts as if it named none, which is stricter.
struct cache_directives {
    using seconds = std::chrono::seconds;

    bool no_store = false;
    bool no_cache = false;
    bool is_private = false;
    bool is_public = false;
    bool must_revalidate = false; ///< or proxy-revalidate
    std::optional<seconds> max_age{};
    std::optional<seconds> s_maxage{};
    std::optional<seconds> stale_while_revalidate{};
    std::optional<seconds> stale_if_error{};

    /// Adds the directives of one field. Of several times the shortest counts; one that isn't a number is zero.
    void add(std::string_view field);
};

/// Parses a number of seconds (RFC 9111 section 1.2.2); a greater one than 2^31 is 2^31. Nothing for any other string.
std::optional<std::chrono::seconds> parse_delta_seconds(std::string_view text);

} // namespace weir::http::detail
