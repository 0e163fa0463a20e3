// SPDX-License-Identifier: MIT
// Lines of routes, `G` or `P` before each pattern, an empty line, then lines of paths: for each path the tree finds the
// same route as a naive matcher, and refuses a route only for its syntax or as a duplicate.
#include "fuzz/require.hpp"
#include "http/field/percent.hpp"
#include "support/naive_routes.hpp"

#include <algorithm>

using namespace weir::http;
using namespace weir::http::detail;
using namespace test_support;

namespace {

constexpr std::size_t most_routes = 24;
constexpr std::size_t most_paths = 24;

std::string_view next_line(std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

/// The segments after the first slash.
strings pieces(std::string_view path) {
    strings out;
    for (auto rest = path; !rest.empty();) {
        rest.remove_prefix(1);
        out.emplace_back(rest.substr(0, rest.find('/')));
        rest.remove_prefix(out.back().size());
    }
    return out;
}

strings without_names(strings pattern) {
    for (auto& piece : pattern)
        if (piece.starts_with('{')) piece = piece.starts_with("{*") ? "{*}" : "{}";
    return pattern;
}

std::string decoded(std::string_view raw) {
    std::string out;
    require(decode_segment(raw, out) == percent_verdict::ok);
    return out;
}

/// The tree's result in the format of naive_lookup, with captures decoded.
std::string found_by(const route_tree& tree, method verb, std::string_view path) {
    const auto found = tree.match(verb, path);
    if (!found.found()) return tree_lookup(found, path);
    strings captures;
    for (std::size_t i = 0; i < found.capture_count; ++i) captures.push_back(decoded(found.captures[i].in(path)));
    return std::to_string(found.route) + ":" + join(captures);
}

void add(route_tree& tree, std::vector<naive_route>& routes, std::string_view line) {
    if (line.empty()) return;
    const auto pattern = line.substr(1);
    naive_route route{line.front() == 'P' ? method::post : method::get, without_names(pieces(pattern)),
                      static_cast<std::uint32_t>(routes.size())};
    const auto added = tree.insert(route.verb, pattern, route.index);
    const bool known = std::any_of(routes.begin(), routes.end(), [&route](const auto& other) {
        return other.verb == route.verb && other.pattern == route.pattern;
    });
    if (added) {
        require(!known && pattern.starts_with('/'));
        routes.push_back(std::move(route));
    } else {
        require(added.error() == weir::errc::invalid_argument ||
                (known && added.error() == weir::errc::already_exists));
    }
}

void look_up(const route_tree& tree, const std::vector<naive_route>& routes, std::string_view path) {
    if (!path.starts_with('/') || check_path(path) != percent_verdict::ok) return;
    auto segments = pieces(path);
    for (auto& segment : segments) segment = decoded(segment);
    for (const auto verb : {method::get, method::post}) {
        const auto expected = naive_lookup(routes, verb, segments);
        require(found_by(tree, verb, path) == expected);
        if (expected == "404")
            require(tree.match(verb, path).alternative_slash == naive_other_slash(routes, verb, segments));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    route_tree tree;
    std::vector<naive_route> routes;
    for (std::size_t i = 0; i < most_routes; ++i) {
        const auto line = next_line(text);
        if (line.empty()) break;
        add(tree, routes, line);
    }
    for (std::size_t i = 0; i < most_paths && !text.empty(); ++i) look_up(tree, routes, next_line(text));
    return 0;
}
