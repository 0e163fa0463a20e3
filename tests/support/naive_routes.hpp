// SPDX-License-Identifier: MIT
#pragma once

#include "http/routing/route_tree.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A simple reference matcher to compare with the route tree: segments between slashes, `{}` for any non-empty segment
/// and `{*}` for all that follow.
namespace test_support {

using weir::http::method;
using weir::http::method_set;
using weir::http::detail::route_match;
using weir::http::detail::route_status;

using strings = std::vector<std::string>;

inline std::string join(const strings& segments, std::size_t from = 0) {
    std::string path;
    for (std::size_t i = from; i < segments.size(); ++i) path.append(i == from ? "" : "/").append(segments[i]);
    return path;
}

struct naive_route {
    method verb;
    strings pattern;
    std::uint32_t index;
};

struct naive_match {
    bool matches = false;
    std::string kinds; // per segment '0' literal, '1' parameter, '2' wildcard: the smallest matches best
    strings captures;
};

inline naive_match match_one(const strings& pattern, const strings& path) {
    naive_match out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (i >= path.size()) return {};
        if (pattern[i] == "{*}") {
            out.kinds += '2';
            out.captures.push_back(join(path, i));
            out.matches = true;
            return out;
        }
        const bool parameter = pattern[i] == "{}";
        if (parameter ? path[i].empty() : pattern[i] != path[i]) return {};
        out.kinds += parameter ? '1' : '0';
        if (parameter) out.captures.push_back(path[i]);
    }
    out.matches = path.size() == pattern.size();
    return out;
}

/// Describes the result in one line: the route with its captures, or the allowed methods.
inline std::string naive_lookup(const std::vector<naive_route>& routes, method verb, const strings& path) {
    naive_match best;
    std::string text;
    method_set allowed;
    for (const auto& route : routes) {
        auto match = match_one(route.pattern, path);
        if (!match.matches) continue;
        allowed.add(route.verb);
        if (route.verb != verb || (best.matches && best.kinds < match.kinds)) continue;
        best = std::move(match);
        text = std::to_string(route.index) + ":" + join(best.captures);
    }
    if (best.matches) return text;
    if (allowed.empty()) return "404";
    return std::string("405") + (allowed.contains(method::get) ? "g" : "") +
           (allowed.contains(method::post) ? "p" : "");
}

inline bool naive_other_slash(const std::vector<naive_route>& routes, method verb, strings path) {
    if (path.size() == 1 && path[0].empty()) return false;
    if (path.back().empty())
        path.pop_back();
    else
        path.emplace_back();
    return naive_lookup(routes, verb, path).find(':') != std::string::npos;
}

inline std::string tree_lookup(const route_match& found, std::string_view path) {
    if (found.status == route_status::not_found) return "404";
    if (found.status == route_status::method_not_allowed)
        return std::string("405") + (found.allowed.contains(method::get) ? "g" : "") +
               (found.allowed.contains(method::post) ? "p" : "");
    strings captures;
    for (std::size_t i = 0; i < found.capture_count; ++i) captures.emplace_back(found.captures[i].in(path));
    return std::to_string(found.route) + ":" + join(captures);
}

} // namespace test_support
