// SPDX-License-Identifier: MIT
#include "support/naive_routes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace weir::http;
using namespace weir::http::detail;
using namespace test_support;

// Generated routes and paths, matched by the tree and by the simplest matcher.
namespace {

/// The route whose pattern is exactly the path.
std::optional<std::uint32_t> naive_text(const std::vector<naive_route>& routes, method verb, const strings& path) {
    for (const auto& route : routes)
        if (route.verb == verb && route.pattern == path) return route.index;
    return {};
}

strings random_pattern(std::mt19937& random) {
    static const strings texts{"a", "b", "text-of-14-chars", "text-of-14-charz", "{}", "{}", "{}"};
    strings pattern;
    const auto depth = 1 + random() % 4;
    for (std::size_t i = 0; i < depth; ++i) pattern.push_back(texts[random() % texts.size()]);
    const auto ending = random() % 4;
    if (ending == 0) pattern.emplace_back("{*}");
    if (ending == 1) pattern.emplace_back("");
    return pattern;
}

std::string written(const strings& pattern) {
    std::string text;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        text.append("/").append(pattern[i]);
        if (pattern[i].starts_with('{')) text.insert(text.size() - 1, "n" + std::to_string(i));
    }
    return text;
}

const std::vector<strings>& all_paths() {
    static const auto paths = [] {
        const strings texts{"a", "b", "c", "text-of-14-chars", ""};
        std::vector<strings> all;
        for (const auto& text : texts) all.push_back({text});
        for (std::size_t first = 0, depth = 1; depth < 5; ++depth) {
            const auto last = all.size();
            for (; first < last; ++first)
                for (const auto& text : texts) {
                    auto longer = all[first];
                    longer.push_back(text);
                    all.push_back(std::move(longer));
                }
        }
        return all;
    }();
    return paths;
}

} // namespace

TEST_CASE("the tree agrees with the simplest matcher for every short path of 60 generated route sets") {
    std::mt19937 random(20261123);
    int differing = 0;
    for (int round = 0; round < 60; ++round) {
        route_tree tree;
        std::vector<naive_route> routes;
        const auto count = 1 + random() % 14;
        for (std::uint32_t i = 0; i < count; ++i) {
            naive_route route{random() % 3 == 0 ? method::post : method::get, random_pattern(random), i};
            const bool known = std::any_of(routes.begin(), routes.end(), [&route](const auto& other) {
                return other.verb == route.verb && other.pattern == route.pattern;
            });
            CHECK(tree.insert(route.verb, written(route.pattern), i).has_value() == !known);
            if (!known) routes.push_back(std::move(route));
        }
        for (const auto& segments : all_paths()) {
            const auto path = "/" + join(segments);
            for (const auto verb : {method::get, method::post}) {
                const auto found = tree.match(verb, path);
                const auto expected = naive_lookup(routes, verb, segments);
                if (tree_lookup(found, path) != expected) ++differing;
                if (tree.match_text(verb, path) != naive_text(routes, verb, segments)) ++differing;
                if (expected == "404" && found.alternative_slash != naive_other_slash(routes, verb, segments))
                    ++differing;
            }
        }
    }
    CHECK(all_paths().size() == 3905);
    CHECK(differing == 0);
}
