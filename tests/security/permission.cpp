// SPDX-License-Identifier: MIT
#include <weir/security/permission.hpp>

#include <doctest/doctest.h>

namespace {

constexpr weir::permission place_orders{"orders:place"};
constexpr weir::permission manage_users{"users:manage"};

const weir::role_table roles{{"customer", {place_orders}}, {"admin", {manage_users, place_orders}}};

} // namespace

TEST_CASE("a principal has its permissions and no others") {
    const weir::principal who{"42", {"orders:place"}};
    CHECK(who.can(place_orders));
    CHECK(who.can("orders:place"));
    CHECK_FALSE(who.can(manage_users));
    CHECK_FALSE(who.can("orders"));
    CHECK_FALSE(who.can(""));
    CHECK_FALSE(weir::principal{}.can(place_orders));
}

TEST_CASE("a role grants its permissions") {
    CHECK(roles.identify("7", {"customer"}) == weir::principal{"7", {"orders:place"}});
    CHECK(roles.identify("1", {"admin"}) == weir::principal{"1", {"orders:place", "users:manage"}});
}

TEST_CASE("the permissions of several roles are combined without duplicates") {
    CHECK(roles.identify("1", {"customer", "admin", "customer"}).permissions ==
          std::vector<std::string>{"orders:place", "users:manage"});
}

TEST_CASE("an unknown role and no role grant nothing") {
    CHECK(roles.identify("1", {"root"}).permissions.empty());
    CHECK(roles.identify("1", {"Admin"}).permissions.empty());
    CHECK(roles.identify("1", {}) == weir::principal{"1", {}});
}

TEST_CASE("a role listed twice in the table has both lists' permissions") {
    const weir::role_table twice{{"clerk", {place_orders}}, {"clerk", {manage_users}}};
    CHECK(twice.identify("1", {"clerk"}).permissions.size() == 2);
}
