// SPDX-License-Identifier: MIT
#include "security/session_access.hpp"
#include <weir/security/session.hpp>

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace weir;
using security::detail::session_access;

namespace session_test {

struct basket {
    std::vector<int> items{};
    std::string coupon{};
    std::optional<int> table{};
};
BOOST_DESCRIBE_STRUCT(basket, (), (items, coupon, table))

} // namespace session_test

namespace {

session stored_session(std::vector<session_field> fields, std::string user = {}) {
    session s;
    session_record record;
    record.fields = std::move(fields);
    record.user = std::move(user);
    session_access::fill(s, "key", std::move(record));
    return s;
}

// What a save would write, as `+name=json` and `-name`.
std::string written(const session& s) {
    session_changes changes;
    session_access::add_fields(s, false, changes);
    std::string text;
    for (const auto& one : changes.set) text.append(" +").append(one.name).append("=").append(one.json);
    for (const auto name : changes.removed) text.append(" -").append(name);
    return text;
}

} // namespace

TEST_CASE("a session's field has the type that it was set with") {
    session s;
    session_test::basket mine;
    mine.items = {3, 4};
    mine.coupon = "spring";
    s.set("basket", mine).value();
    s.set("visits", 7).value();
    s.set("name", "Ann").value();
    CHECK(s.get<session_test::basket>("basket")->items == mine.items);
    CHECK(s.get<int>("visits").value() == 7);
    CHECK(s.get<std::string>("name").value() == "Ann");
    CHECK(s.get<int>("none").error() == errc::not_found);
    CHECK(s.contains("visits"));
    CHECK(!s.contains("none"));
}

TEST_CASE("a field of another type is an error whose cause names it for the log") {
    session s;
    s.set("visits", "many").value();
    const auto read = s.get<int>("visits");
    CHECK(read.error() == errc::internal);
    CHECK(read.error().message().find("visits") == std::string_view::npos);
    CHECK(read.error().describe().find("visits") != std::string::npos);
    CHECK(s.get_or<int>("visits", 1) == 1);
}

TEST_CASE("only fields that differ are written") {
    session s = stored_session({{"a", "1"}, {"b", "2"}, {"c", "3"}});
    CHECK(!session_access::changed(s));
    s.set("a", 1).value();
    CHECK(!session_access::changed(s));
    s.set("b", 20).value();
    s.erase("c");
    s.erase("never");
    s.set("d", 4).value();
    s.set("e", 5).value();
    s.erase("e");
    CHECK(written(s) == " +b=20 +d=4 -c");
    CHECK(s.names() == std::vector<std::string>{"a", "b", "d"});
    CHECK(s.get<int>("c").error() == errc::not_found);
    s.set("c", 3).value();
    CHECK(written(s) == " +b=20 +c=3 +d=4");
    s.clear();
    CHECK(written(s) == " -a -b -c");
    CHECK(s.names().empty());
    CHECK(s.bytes() == 0);
}

TEST_CASE("a described struct is a session's fields, and only its changed members are written") {
    session s = stored_session({{"items", "[1]"}, {"table", "9"}, {"other", "true"}});
    auto mine = s.to<session_test::basket>().value();
    CHECK(mine.items == std::vector<int>{1});
    CHECK(mine.coupon.empty());
    CHECK(mine.table == 9);
    mine.coupon = "spring";
    mine.table.reset();
    s.assign(mine).value();
    CHECK(written(s) == " +coupon=\"spring\" -table");
    s.set("items", "none").value();
    CHECK(s.to<session_test::basket>().error() == errc::internal);
}

TEST_CASE("a session's size is limited in fields and bytes") {
    session s(3, 20);
    CHECK(s.set("a", 1));
    CHECK(s.set("b", 1));
    CHECK(s.set("c", 1));
    CHECK(s.set("d", 1).error() == errc::too_large);
    s.erase("a");
    CHECK(s.set("d", 1));
    CHECK(s.set("d", std::string(14, 'x')).error() == errc::too_large);
    CHECK(s.get<int>("d").value() == 1);
    CHECK(s.set("d", std::string(13, 'x')));
    CHECK(s.bytes() == 20);
    CHECK(s.set("b", 10).error() == errc::too_large);
    s.erase("d");
    CHECK(s.set("", 1).error() == errc::invalid_argument);
    CHECK(s.set("weir.permissions", 1).error() == errc::invalid_argument);
    for (int i = 0; i < 100; ++i) {
        s.set("x" + std::to_string(i), 1).value();
        s.erase("x" + std::to_string(i));
    }
    CHECK(written(s).find("x7") == std::string::npos);
}

TEST_CASE("a login makes a principal of the session") {
    session s = stored_session({{"a", "1"}});
    CHECK(s.identity().error() == errc::unauthenticated);
    const principal ann{"ann", {"orders:read", "orders:write"}};
    s.login(ann).value();
    CHECK(s.user() == "ann");
    CHECK(s.identity().value() == ann);
    CHECK(s.get<int>("a").value() == 1);
    CHECK(s.names() == std::vector<std::string>{"a"});
    s.clear();
    CHECK(s.identity().value() == ann);
    s.erase("weir.permissions");
    CHECK(s.identity().value() == ann);
    CHECK(s.login(principal{"", {}}).error() == errc::invalid_argument);
    CHECK(s.login(principal{std::string(257, 'u'), {}}).error() == errc::invalid_argument);
    CHECK(s.user() == "ann");
}

TEST_CASE("another user's login ends the session and its fields") {
    session s = stored_session({{"a", "1"}, {"weir.permissions", "[]"}}, "ann");
    s.login(principal{"ann", {}}).value();
    CHECK(s.contains("a"));
    s.login(principal{"bob", {}}).value();
    CHECK(!s.contains("a"));
    CHECK(s.is_new());
    CHECK(session_access::dropped(s) == "key");
    CHECK(s.identity()->subject == "bob");
}

TEST_CASE("an invalidated session is empty, and starts a new one when it is used again") {
    session s = stored_session({{"a", "1"}}, "ann");
    CHECK(s.key() == "key");
    s.invalidate();
    CHECK(s.is_new());
    CHECK(s.key().empty());
    CHECK(s.user().empty());
    CHECK(s.names().empty());
    s.invalidate();
    CHECK(session_access::dropped(s) == "key");
    s.set("flash", "bye").value();
    CHECK(s.get<std::string>("flash").value() == "bye");
}
