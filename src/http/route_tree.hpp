// SPDX-License-Identifier: MIT
#pragma once

#include "http/path_table.hpp"
#include <weir/core/result.hpp>
#include <weir/http/method.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http {

/// How many parameters a pattern may have, its wildcard included.
inline constexpr std::size_t max_route_captures = 8;

/// A parameter's raw text as offsets into the matched path; still percent-encoded.
struct path_capture {
    std::uint32_t at;
    std::uint32_t size;

    std::string_view in(std::string_view path) const noexcept { return path.substr(at, size); }
};

enum class route_status : std::uint8_t { found, not_found, method_not_allowed };

/// What a path led to.
struct route_match {
    route_status status = route_status::not_found;
    bool alternative_slash = false; ///< not found, but the path with or without a slash at its end would be
    std::uint8_t capture_count = 0;
    method_set allowed; ///< if the method isn't: those that are, for Allow
    std::uint32_t route = 0;
    std::array<path_capture, max_route_captures> captures; ///< in the pattern's order

    bool found() const noexcept { return status == route_status::found; }
};

/// Finds the route of a path. Patterns are segments of plain text, `{name}` for any one segment that isn't
/// empty, and at the end `{*name}` for all that follows, slashes included, possibly nothing. At each
/// segment text goes before a parameter and a parameter before a wildcard; where the better choice leads
/// nowhere for the request's method the next one is tried. A slash at the end makes another pattern.
/// Text is matched against the decoded segment, so "/a" also serves "/%61". Immutable while it matches:
/// any number of threads may match at once.
class route_tree {
public:
    route_tree() : nodes_(1) {}

    /// Adds a pattern of plain text (nothing percent-encoded). errc::invalid_argument for a malformed
    /// pattern, errc::already_exists where the method has the same pattern, whatever its parameters' names.
    result<void> insert(method verb, std::string_view pattern, std::uint32_t route);

    /// Finds the route of a raw path that has passed check_path. Allocates nothing.
    route_match match(method verb, std::string_view path) const noexcept;

    /// The short way to a route whose pattern is this very path, which goes before all others. Nothing where there
    /// is none, or none for the method: then `match` knows more.
    std::optional<std::uint32_t> match_text(method verb, std::string_view path) const noexcept {
        const leaf& found = leaves_[whole_paths_.find(path)];
        if (!found.methods.contains(verb)) return {};
        return found.routes[static_cast<std::size_t>(verb)];
    }

private:
    static constexpr std::uint32_t none = 0; // the root is nobody's child, and leaf 0 is unused

    /// A child reached by a segment's text; `child` none marks an empty slot.
    struct edge {
        std::uint64_t key = 0; // the text's first 8 bytes
        std::uint32_t size = 0;
        std::uint32_t text = 0; // offset into texts_
        std::uint32_t child = none;
    };

    struct node {
        std::uint32_t first_edge = 0; // of a hash table with linear probing in edges_, at most half full
        std::uint32_t edge_slots = 0; // a power of two, or 0 where there are no texts
        std::uint32_t edge_count = 0;
        std::uint32_t parameter = none;
        std::uint32_t leaf = none;          // of paths that end here
        std::uint32_t wildcard_leaf = none; // of all that goes on from here
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
    detail::path_table whole_paths_; // the leaves of patterns without parameters
    std::string texts_;
};

} // namespace weir::http
