// SPDX-License-Identifier: MIT
// Clients that disappear, stall or never stop, at each surface of a server: whatever they do, the server continues, and
// nothing of them remains. Each pair of dimensions once; hostile_client_long.cpp has all combinations.
#include "integration/http/hostile_client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <utility>

using hostile::combination;

namespace {

// The pairs of values that the combinations have in two dimensions.
template<class A, class B>
std::size_t hostile_pairs(const std::vector<combination>& of, A combination::*first, B combination::*second) {
    std::set<std::pair<A, B>> seen;
    for (const auto& one : of) seen.emplace(one.*first, one.*second);
    return seen.size();
}

} // namespace

TEST_CASE("the short form of the hostile clients covers each pair of two dimensions") {
    const auto some = hostile::pairs();
    const auto all = hostile::all_combinations();
    const auto same = [&](auto first, auto second) {
        return hostile_pairs(some, first, second) == hostile_pairs(all, first, second);
    };
    CHECK(same(&combination::what, &combination::how));
    CHECK(same(&combination::what, &combination::when));
    CHECK(same(&combination::what, &combination::secure));
    CHECK(same(&combination::how, &combination::when));
    CHECK(same(&combination::how, &combination::secure));
    CHECK(same(&combination::when, &combination::secure));
}

TEST_CASE("hostile clients leave a server that serves the others, and nothing of themselves") {
    hostile::run(hostile::pairs());
}
