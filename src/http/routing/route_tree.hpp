// SPDX-License-Identifier: MIT
#pragma once

#include "http/routing/static_route_table.hpp"
#include <weir/core/result.hpp>
#include <weir/http/method.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http::detail {

/// The largest number of parameters in a pattern, including its wildcard.
inline constexpr std::size_t max_route_captures = 8;

/// A parameter's raw text as offsets into the matched path; still percent-encoded.
struct path_capture {
    std::uint32_t at;
    std::uint32_t size;

    std::string_view in(std::string_view path) const noexcept { return path.substr(at, size); }
};

enum class route_status : std::uint8_t { found, not_found, method_not_allowed };

/// The result of matching a path.
struct route_match {
    route_status status = route_status::not_found;
    bool alternative_slash = false; ///< not found, but the path with its trailing slash added or removed would match
    std::uint8_t capture_count = 0;
    method_set allowed; ///< for method_not_allowed: the methods of the path, for Allow
    std::uint32_t route = 0;
    std::array<path_capture, max_route_captures> captures; ///< in the pattern's order

    bool found() const noexcept { return status == route_status::found; }
};

/// Finds the route for a path. A pattern's segments are plain text, `{name}` for any single non-empty segment, and at
/// the end `{*name}` for the rest, including slashes, possibly empty. At each segment text takes precedence over a
/// parameter and a parameter over a wildcard; if the better choice leads to no route for the request's method, the next
/// one is tried. A trailing slash makes a different pattern. Text is compared with the decoded segment, so "/a" also
/// serves "/%61". Immutable during matching: any number of threads may match at once.
class route_tree {
public:
    route_tree() : nodes_(1) {}

    /// Adds a pattern in plain text (not percent-encoded). Returns errc::invalid_argument for a malformed pattern, and
    /// errc::already_exists if the method has the same pattern, regardless of parameter names.
    result<void> insert(method verb, std::string_view pattern, std::uint32_t route);

    /// Finds the route of a raw path that has passed check_path. Allocates nothing.
    route_match match(method verb, std::string_view path) const noexcept;

    /// The fast lookup of a route whose pattern is exactly this path, which takes precedence over all others. Nothing
    /// if there is none, or none for the method; then use `match`.
    std::optional<std::uint32_t> match_text(method verb, std::string_view path) const noexcept {
        const leaf& found = leaves_[whole_paths_.find(path)];
        if (!found.methods.contains(verb)) return {};
        return found.routes[static_cast<std::size_t>(verb)];
    }

private:
    static constexpr std::uint32_t none = 0; // the root is no node's child, and leaf 0 is unused

    /// A child reached by a segment's text; an empty slot has `child` none.
    struct edge {
        std::uint64_t key = 0; // the text's first 8 bytes
        std::uint32_t size = 0;
        std::uint32_t text = 0; // offset into texts_
        std::uint32_t child = none;
    };

    struct node {
        std::uint32_t first_edge = 0; // of a hash table with linear probing in edges_, at most half full
        std::uint32_t edge_slots = 0; // a power of two, or 0 without texts
        std::uint32_t edge_count = 0;
        std::uint32_t parameter = none;
        std::uint32_t leaf = none;          // of paths that end here
        std::uint32_t wildcard_leaf = none; // of all paths that continue from here
    };

    struct leaf {
        method_set methods;
        std::array<std::uint32_t, method_count> routes{};
    };

    class search;

    std::uint32_t find(const node& at, std::uint64_t key, std::string_view text) const noexcept;
    bool same_text(const edge& candidate, std::string_view text) const noexcept;
    std::uint32_t text_child(std::uint32_t at, std::string_view text);
    std::uint32_t parameter_child(std::uint32_t at);
    std::uint32_t& leaf_of(std::string_view pattern);
    std::uint32_t add_node();
    void place(node& at, const edge& added);
    void grow(node& at);

    std::vector<node> nodes_;
    std::vector<edge> edges_;
    std::vector<leaf> leaves_{1};
    static_route_table whole_paths_; // the leaves of patterns without parameters
    std::string texts_;
};

} // namespace weir::http::detail
