// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/security/crypto.hpp>
#include <weir/security/memory_session_store.hpp>
#include <weir/security/session_keeper.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using action = session_token::action;

namespace {

// Passes calls on to a store in memory unless `broken`, and counts them.
class breaking_store final : public session_store {
public:
    explicit breaking_store(const weir::clock& time) : kept_({.clock = &time}) {}

    bool broken = false;
    int calls = 0;
    std::set<std::string> keys_seen;

    task<result<session_record>> load(std::string_view key) override {
        if (!works(key)) co_return errc::unavailable;
        co_return co_await kept_.load(key);
    }
    task<result<void>> create(std::string_view key, const session_changes& first) override {
        if (!works(key)) co_return errc::unavailable;
        co_return co_await kept_.create(key, first);
    }
    task<result<void>> save(std::string_view key, const session_changes& changes) override {
        if (!works(key)) co_return errc::unavailable;
        co_return co_await kept_.save(key, changes);
    }
    task<result<void>> rename(std::string_view from, std::string_view to, const session_changes& changes) override {
        if (!works(to)) co_return errc::unavailable;
        co_return co_await kept_.rename(from, to, changes);
    }
    task<result<void>> erase(std::string_view key) override {
        if (!works(key)) co_return errc::unavailable;
        co_return co_await kept_.erase(key);
    }
    task<result<std::vector<session_info>>> sessions_of(std::string_view user) override {
        return kept_.sessions_of(user);
    }
    task<result<std::size_t>> erase_others_of(std::string_view user, std::string_view key) override {
        return kept_.erase_others_of(user, key);
    }
    session_stats stats() const override { return kept_.stats(); }

private:
    bool works(std::string_view key) {
        ++calls;
        keys_seen.emplace(key);
        return !broken;
    }

    memory_session_store kept_;
};

struct keeper_fixture {
    manual_clock time;
    loop home{time};
    breaking_store store{time};
    session_keeper keeper{store, {.clock = &time}};

    session open(std::string_view id) { return home.block_on(keeper.open(id)).value(); }
    result<session_token> commit(session& s) { return home.block_on(keeper.commit(s)); }

    // Returns the id of a new session with one field.
    std::string started(std::string_view name = "a") {
        session s = open("");
        s.set(name, 1).value();
        return commit(s).value().id;
    }
    std::string logged_in(std::string user) {
        session s = open("");
        s.login(principal{std::move(user), {}}).value();
        return commit(s).value().id;
    }
};

const std::string unknown_id(43, 'A');

} // namespace

TEST_CASE_FIXTURE(keeper_fixture, "a session gets an id of 256 random bits when it first holds something") {
    session s = open("");
    CHECK(s.is_new());
    CHECK(commit(s)->what == action::keep);
    CHECK(store.calls == 0);
    s.set("a", 1).value();
    const auto token = commit(s).value();
    CHECK(token.what == action::send);
    CHECK(security::base64url_decode(token.id)->size() == 32);
    CHECK(token.id != started());
    CHECK(open(token.id).get<int>("a").value() == 1);
    CHECK(!open(token.id).is_new());
}

TEST_CASE_FIXTURE(keeper_fixture, "the store sees the hash of an id and never the id") {
    const std::string id = started();
    session s = open(id);
    s.rotate();
    const std::string rotated = commit(s)->id;
    CHECK(store.keys_seen.count(id) == 0);
    CHECK(store.keys_seen.count(rotated) == 0);
    CHECK(store.keys_seen.count(session_keeper::key_of(id)) == 1);
    CHECK(s.key() == session_keeper::key_of(rotated));
}

TEST_CASE_FIXTURE(keeper_fixture, "an id that a client chose never becomes a session's") {
    session s = open(unknown_id);
    CHECK(s.is_new());
    s.set("a", 1).value();
    CHECK(commit(s)->id != unknown_id);
    CHECK(open(unknown_id).is_new());
}

TEST_CASE_FIXTURE(keeper_fixture, "an id of another form isn't looked up") {
    const std::string good = started();
    store.calls = 0;
    for (const std::string& id :
         {std::string(), good + "A", good.substr(1), std::string(43, '*'), std::string(43, '\0'), "x " + good.substr(2),
          std::string(42, 'A') + "=", std::string(100'000, 'A')})
        CHECK(open(id).is_new());
    CHECK(store.calls == 0);
}

TEST_CASE_FIXTURE(keeper_fixture, "a session that is only read costs one write per touch interval") {
    const std::string id = started();
    for (int i = 0; i < 10; ++i) {
        session s = open(id);
        CHECK(commit(s)->what == action::keep);
    }
    CHECK(store.stats().touched == 0);
    time.advance(59s);
    session early = open(id);
    commit(early).value();
    CHECK(store.stats().touched == 0);
    time.advance(1s);
    session due = open(id);
    commit(due).value();
    CHECK(store.stats().touched == 1);
    CHECK(store.stats().saved == 0);
    commit(due).value();
    CHECK(store.stats().touched == 1);
}

TEST_CASE_FIXTURE(keeper_fixture, "a session ends half an hour after its last access, and not before") {
    const std::string id = started();
    time.advance(59s);
    session untouched = open(id);
    commit(untouched).value();
    time.advance(30min - 1ms);
    CHECK(!open(id).is_new());
    time.advance(1min);
    CHECK(open(id).is_new());
}

TEST_CASE_FIXTURE(keeper_fixture, "a session in use lives on until its maximum age") {
    const std::string id = started();
    for (int i = 0; i < 71; ++i) {
        time.advance(20min);
        session s = open(id);
        REQUIRE(!s.is_new());
        commit(s).value();
    }
    time.advance(20min);
    CHECK(open(id).is_new());
}

TEST_CASE_FIXTURE(keeper_fixture, "a login gives a new id and starts the maximum age again") {
    const std::string before = started();
    time.advance(20min);
    session s = open(before);
    s.login(principal{"ann", {"orders:read"}}).value();
    const auto token = commit(s).value();
    CHECK(token.what == action::send);
    CHECK(token.id != before);
    CHECK(open(before).is_new());
    const session after = open(token.id);
    CHECK(after.get<int>("a").value() == 1);
    CHECK(after.identity()->can("orders:read"));
    CHECK(after.created() == time.wall_now());
    CHECK(home.block_on(store.sessions_of("ann"))->at(0).key == after.key());
}

TEST_CASE_FIXTURE(keeper_fixture, "a rotation keeps fields, user and age") {
    const std::string before = logged_in("ann");
    time.advance(5min);
    session s = open(before);
    s.set("b", 2).value();
    s.rotate();
    const auto token = commit(s).value();
    CHECK(token.what == action::send);
    CHECK(open(before).is_new());
    const session after = open(token.id);
    CHECK(after.user() == "ann");
    CHECK(after.get<int>("b").value() == 2);
    CHECK(after.created() == time.wall_now() - 5min);
    CHECK(commit(s)->what == action::keep);
}

TEST_CASE_FIXTURE(keeper_fixture, "an invalidated session ends, and the client drops its id") {
    const std::string id = started();
    session s = open(id);
    s.invalidate();
    CHECK(commit(s)->what == action::drop);
    CHECK(open(id).is_new());
    CHECK(store.stats().erased == 1);
}

TEST_CASE_FIXTURE(keeper_fixture, "a field set after the end of a session is in a new one") {
    const std::string id = logged_in("ann");
    session s = open(id);
    s.invalidate();
    s.set("flash", "bye").value();
    const auto token = commit(s).value();
    CHECK(token.what == action::send);
    CHECK(open(id).is_new());
    CHECK(open(token.id).user().empty());
    CHECK(open(token.id).contains("flash"));
}

TEST_CASE_FIXTURE(keeper_fixture, "requests at the same time merge by field") {
    const std::string id = started();
    session one = open(id);
    session other = open(id);
    one.set("b", 1).value();
    one.set("c", 1).value();
    other.set("c", 2).value();
    other.erase("a");
    commit(one).value();
    commit(other).value();
    const session after = open(id);
    CHECK(after.get<int>("b").value() == 1);
    CHECK(after.get<int>("c").value() == 2);
    CHECK(!after.contains("a"));
}

TEST_CASE_FIXTURE(keeper_fixture, "a session that one request ended isn't brought back by another") {
    const std::string id = logged_in("ann");
    session slow = open(id);
    session rotating = open(id);
    session ending = open(id);
    ending.invalidate();
    commit(ending).value();
    slow.set("b", 1).value();
    rotating.rotate();
    CHECK(commit(slow)->what == action::keep);
    CHECK(commit(rotating)->what == action::keep);
    CHECK(store.stats().active == 0);
    CHECK(store.stats().lost == 2);
}

TEST_CASE_FIXTURE(keeper_fixture, "a login on a session that ended meanwhile starts one without its fields") {
    const std::string id = started("planted");
    session s = open(id);
    home.block_on(store.erase(s.key())).value();
    s.set("mine", 1).value();
    s.login(principal{"ann", {"orders:read"}}).value();
    const auto token = commit(s).value();
    const session after = open(token.id);
    CHECK(after.identity()->can("orders:read"));
    CHECK(after.contains("mine"));
    CHECK(!after.contains("planted"));
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "a user logs in again with the permissions as they were, although the session ended") {
    const std::string id = logged_in("ann");
    session s = open(id);
    home.block_on(store.erase(s.key())).value();
    s.login(principal{"ann", {}}).value();
    CHECK(open(commit(s)->id).identity().value() == principal{"ann", {}});
}

TEST_CASE_FIXTURE(keeper_fixture, "another user's login ends the session before") {
    const std::string id = logged_in("ann");
    session s = open(id);
    s.login(principal{"bob", {}}).value();
    const auto token = commit(s).value();
    CHECK(open(id).is_new());
    CHECK(open(token.id).user() == "bob");
    CHECK(home.block_on(store.sessions_of("ann"))->empty());
}

TEST_CASE_FIXTURE(keeper_fixture, "a broken store fails what needs it, and an access time isn't worth an error") {
    const std::string id = started();
    session changing = open(id);
    session rotating = open(id);
    session ending = open(id);
    session reading = open(id);
    store.broken = true;
    time.advance(5min);
    CHECK(home.block_on(keeper.open(id)).error() == errc::unavailable);
    changing.set("b", 1).value();
    CHECK(commit(changing).error() == errc::unavailable);
    rotating.rotate();
    CHECK(commit(rotating).error() == errc::unavailable);
    ending.invalidate();
    CHECK(commit(ending).error() == errc::unavailable);
    CHECK(commit(reading)->what == action::keep);
    store.broken = false;
    CHECK(commit(changing)->what == action::keep);
    CHECK(open(id).contains("b"));
    CHECK(commit(ending)->what == action::drop);
    CHECK(open(id).is_new());
}

TEST_CASE_FIXTURE(keeper_fixture, "a session's limits are the keeper's") {
    session_keeper strict(store, {.max_fields = 1, .max_bytes = 10, .clock = &time});
    session s = home.block_on(strict.open("")).value();
    s.set("a", 1).value();
    CHECK(s.set("b", 1).error() == errc::too_large);
    CHECK(s.set("a", "0123456789").error() == errc::too_large);
}

TEST_CASE_FIXTURE(keeper_fixture, "times without an end are possible, and impossible ones are refused at start-up") {
    session_keeper endless(store, {.idle = duration::max(), .max_age = duration::max(), .clock = &time});
    session s = home.block_on(endless.open("")).value();
    s.set("a", 1).value();
    const auto token = home.block_on(endless.commit(s)).value();
    time.advance(24h * 3000);
    CHECK(!home.block_on(endless.open(token.id))->is_new());
    CHECK_THROWS_AS(session_keeper(store, {.idle = 0s}), std::invalid_argument);
    CHECK_THROWS_AS(session_keeper(store, {.idle = -1h}), std::invalid_argument);
    CHECK_THROWS_AS(session_keeper(store, {.max_age = 0s}), std::invalid_argument);
    CHECK_THROWS_AS(session_keeper(store, {.touch_every = -1s}), std::invalid_argument);
    CHECK_THROWS_AS(session_keeper(store, {.max_fields = 0}), std::invalid_argument);
    CHECK_THROWS_AS(session_keeper(store, {.max_bytes = 0}), std::invalid_argument);
    CHECK_THROWS_AS(session_keeper(store, {.clock = nullptr}), std::invalid_argument);
}
