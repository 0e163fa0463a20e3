// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/security/session_store.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace test_support {

/// Runs a store's operations on a loop until they have ended.
class session_store_driver {
public:
    session_store_driver(weir::loop& home, weir::session_store& store) : home_(home), store_(store) {}

    weir::result<weir::session_record> load(std::string_view key) { return home_.block_on(store_.load(key)); }
    weir::result<void> create(std::string_view key, const weir::session_changes& first) {
        return home_.block_on(store_.create(key, first));
    }
    weir::result<void> save(std::string_view key, const weir::session_changes& changes) {
        return home_.block_on(store_.save(key, changes));
    }
    weir::result<void> rename(std::string_view from, std::string_view to, const weir::session_changes& changes) {
        return home_.block_on(store_.rename(from, to, changes));
    }
    weir::result<void> erase(std::string_view key) { return home_.block_on(store_.erase(key)); }
    std::vector<std::string> keys_of(std::string_view user) {
        std::vector<std::string> keys;
        const auto listed = home_.block_on(store_.sessions_of(user)).value();
        for (const auto& one : listed) keys.push_back(one.key);
        return keys;
    }
    std::size_t erase_others_of(std::string_view user, std::string_view key) {
        return home_.block_on(store_.erase_others_of(user, key)).value();
    }
    /// Returns a session's fields as `name=json` in order, or the error's code.
    std::string fields(std::string_view key) {
        const auto found = load(key);
        if (!found) return std::string(found.error().code());
        std::map<std::string, std::string> sorted;
        for (const auto& one : found->fields) sorted.emplace(one.name, one.json);
        std::string text;
        for (const auto& [name, json] : sorted) text += (text.empty() ? "" : " ") + name + "=" + json;
        return text;
    }

private:
    weir::loop& home_;
    weir::session_store& store_;
};

/// Changes of a session at `second` seconds of 2026, kept for a minute.
inline weir::session_changes session_change(int second, std::vector<weir::session_changes::field> set = {}) {
    weir::session_changes changes;
    changes.accessed = weir::wall_time(std::chrono::seconds(1'767'225'600 + second));
    changes.set = std::move(set);
    changes.time_to_live = std::chrono::minutes(1);
    return changes;
}

inline weir::session_changes first_session_change(int second, std::vector<weir::session_changes::field> set = {}) {
    auto changes = session_change(second, std::move(set));
    changes.created = changes.accessed;
    return changes;
}

inline weir::session_changes session_login(int second, std::string_view user) {
    auto changes = first_session_change(second);
    changes.user = user;
    return changes;
}

/// Checks what every session store does. Call it in a test case; an Env has the members `store` (a session_store),
/// `home` (a loop) and `pass(duration)`, after which that time has passed for the store.
template<class Env>
void session_store_conformance() {
    using keys = std::vector<std::string>;
    using weir::errc;
    Env env;
    session_store_driver store(env.home, env.store);

    SUBCASE("a session is loaded as it was created") {
        auto first =
            first_session_change(1, {{"cart", R"({"items":[1,2]})"}, {"a name, with: *odd* \"bytes\"\n", "\"\""}});
        first.user = "ann";
        REQUIRE(store.create("k1", first));
        const auto found = store.load("k1").value();
        CHECK(found.fields.size() == 2);
        CHECK(found.user == "ann");
        CHECK(found.created == first.created);
        CHECK(found.accessed == first.accessed);
        CHECK(store.fields("k1") == "a name, with: *odd* \"bytes\"\n=\"\" cart={\"items\":[1,2]}");
    }
    SUBCASE("a session that doesn't exist is not found, and isn't made by a change") {
        CHECK(store.load("none").error() == errc::not_found);
        CHECK(store.save("none", session_change(1, {{"a", "1"}})).error() == errc::not_found);
        CHECK(store.save("none", session_change(1)).error() == errc::not_found);
        CHECK(store.rename("none", "other", session_login(1, "ann")).error() == errc::not_found);
        CHECK(store.fields("none") == "not_found");
        CHECK(store.fields("other") == "not_found");
        CHECK(store.keys_of("ann").empty());
        CHECK(store.erase("none"));
        CHECK(env.store.stats().lost == 3);
    }
    SUBCASE("a key is created once") {
        REQUIRE(store.create("k1", first_session_change(1, {{"a", "1"}})));
        CHECK(store.create("k1", first_session_change(2, {{"a", "2"}})).error() == errc::already_exists);
        CHECK(store.fields("k1") == "a=1");
    }
    SUBCASE("a change writes its fields and keeps all others") {
        REQUIRE(store.create("k1", first_session_change(1, {{"a", "1"}, {"b", "2"}, {"c", "3"}})));
        auto changes = session_change(2, {{"b", "20"}, {"d", "4"}});
        changes.removed = {"c", "never"};
        REQUIRE(store.save("k1", changes));
        CHECK(store.fields("k1") == "a=1 b=20 d=4");
        CHECK(store.load("k1")->accessed == changes.accessed);
        CHECK(env.store.stats().saved == 1);
    }
    SUBCASE("changes of two requests merge by field, and the last writer of a field wins") {
        REQUIRE(store.create("k1", first_session_change(1, {{"a", "1"}, {"b", "2"}, {"c", "3"}})));
        const auto one = session_change(2, {{"a", "10"}, {"b", "20"}});
        const auto other = session_change(2, {{"b", "200"}, {"c", "300"}});
        REQUIRE(store.save("k1", one));
        REQUIRE(store.save("k1", other));
        CHECK(store.fields("k1") == "a=10 b=200 c=300");
    }
    SUBCASE("a session without fields can be touched") {
        REQUIRE(store.create("k1", session_login(1, "ann")));
        REQUIRE(store.save("k1", session_change(30)));
        CHECK(store.load("k1")->accessed == session_change(30).accessed);
        CHECK(store.load("k1")->created == session_change(1).accessed);
        CHECK(store.load("k1")->user == "ann");
        CHECK(env.store.stats().touched == 1);
        CHECK(env.store.stats().saved == 0);
    }
    SUBCASE("an erased session stays erased") {
        REQUIRE(store.create("k1", session_login(1, "ann")));
        REQUIRE(store.erase("k1"));
        CHECK(store.save("k1", session_change(2, {{"a", "1"}})).error() == errc::not_found);
        CHECK(store.save("k1", session_change(2)).error() == errc::not_found);
        CHECK(store.rename("k1", "k2", session_login(2, "ann")).error() == errc::not_found);
        CHECK(store.fields("k1") == "not_found");
        CHECK(store.fields("k2") == "not_found");
        CHECK(store.keys_of("ann").empty());
    }
    SUBCASE("a renamed session keeps its fields under the new key alone") {
        REQUIRE(store.create("k1", first_session_change(1, {{"a", "1"}, {"b", "2"}})));
        auto login = session_login(5, "ann");
        login.set = {{"b", "20"}, {"c", "30"}};
        login.removed = {"a"};
        REQUIRE(store.rename("k1", "k2", login));
        CHECK(store.fields("k1") == "not_found");
        CHECK(store.fields("k2") == "b=20 c=30");
        CHECK(store.load("k2")->user == "ann");
        CHECK(store.load("k2")->created == login.created);
        CHECK(store.keys_of("ann") == keys{"k2"});
        CHECK(store.save("k1", session_change(6, {{"z", "0"}})).error() == errc::not_found);
        REQUIRE(store.rename("k2", "k3", session_change(7)));
        CHECK(store.load("k3")->created == login.created);
        CHECK(store.load("k3")->user == "ann");
        CHECK(store.keys_of("ann") == keys{"k3"});
        CHECK(env.store.stats().rotated == 2);
    }
    SUBCASE("a user's sessions are listed by their last access") {
        REQUIRE(store.create("k1", session_login(1, "ann")));
        REQUIRE(store.create("k2", session_login(2, "ann")));
        REQUIRE(store.create("k3", session_login(3, "bob")));
        REQUIRE(store.create("k4", first_session_change(4, {{"a", "1"}})));
        CHECK(store.keys_of("ann") == keys{"k2", "k1"});
        REQUIRE(store.save("k1", session_change(9)));
        CHECK(store.keys_of("ann") == keys{"k1", "k2"});
        CHECK(store.keys_of("") == keys{});
        const auto listed = env.home.block_on(env.store.sessions_of("ann")).value();
        CHECK(listed.at(0).created == session_change(1).accessed);
        CHECK(listed.at(0).accessed == session_change(9).accessed);
    }
    SUBCASE("all sessions of a user end, and those of others stay") {
        for (const auto* key : {"k1", "k2", "k3"}) REQUIRE(store.create(key, session_login(1, "ann")));
        REQUIRE(store.create("k4", session_login(1, "bob")));
        REQUIRE(store.create("k5", first_session_change(1, {{"a", "1"}})));
        CHECK(store.erase_others_of("ann", "k2") == 2);
        CHECK(store.keys_of("ann") == keys{"k2"});
        CHECK(store.erase_others_of("ann", "k4") == 1);
        CHECK(store.keys_of("ann").empty());
        CHECK(store.fields("k1") == "not_found");
        CHECK(store.keys_of("bob") == keys{"k4"});
        CHECK(store.fields("k5") == "a=1");
        CHECK(store.erase_others_of("ann", "") == 0);
        CHECK(store.erase_others_of("nobody", "") == 0);
        CHECK(store.erase_others_of("", "") == 0);
        CHECK(env.store.stats().erased == 3);
    }
    SUBCASE("a session that isn't used ends after its time") {
        auto first = session_login(1, "ann");
        first.time_to_live = std::chrono::milliseconds(200);
        REQUIRE(store.create("k1", first));
        env.pass(std::chrono::milliseconds(300));
        CHECK(store.fields("k1") == "not_found");
        CHECK(store.keys_of("ann").empty());
        CHECK(store.save("k1", session_change(2)).error() == errc::not_found);
        CHECK(store.create("k1", first_session_change(2)));
    }
    SUBCASE("each access gives a session more time") {
        auto first = session_login(1, "ann");
        first.time_to_live = std::chrono::milliseconds(1500);
        REQUIRE(store.create("k1", first));
        REQUIRE(store.save("k1", session_change(2)));
        env.pass(std::chrono::milliseconds(1600));
        CHECK(store.fields("k1").empty());
        CHECK(store.keys_of("ann") == keys{"k1"});
    }
    SUBCASE("values of any size and bytes come back") {
        const std::string large = '"' + std::string(60'000, 'x') + '"';
        const std::string bytes = std::string("\"\0\r\n$-1\r\n\xff\"", 12);
        REQUIRE(store.create("k1", first_session_change(1, {{"large", large}, {"bytes", bytes}})));
        const auto found = store.load("k1").value();
        for (const auto& field : found.fields) CHECK(field.json == (field.name == "large" ? large : bytes));
    }
}

} // namespace test_support
