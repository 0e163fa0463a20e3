// SPDX-License-Identifier: MIT
#include "support/allocations.hpp"
#include "support/session_store_conformance.hpp"
#include <weir/security/memory_session_store.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <string>

using namespace weir;
using test_support::first_session_change;
using test_support::session_change;
using test_support::session_login;

namespace {

// Runs a store's operation in which the allocation after `many` fails; returns whether it was done.
task<bool> with_little_memory(std::size_t many, std::function<task<result<void>>()> operation) {
    bool done = true;
    test_support::allocations_left = many;
    try {
        auto outcome = co_await operation();
        done = outcome.has_value();
    } catch (const std::bad_alloc&) {
        done = false;
    }
    test_support::allocations_left = std::numeric_limits<std::size_t>::max();
    co_return done;
}

struct scarce_fixture {
    manual_clock time;
    loop home{time};

    // Calls `prepare`, then `operation` with ever more memory until it succeeds, and `check` after each failure.
    void exhaust(const std::function<void(test_support::session_store_driver&)>& prepare,
                 const std::function<task<result<void>>(session_store&)>& operation,
                 const std::function<void(test_support::session_store_driver&, bool)>& check) {
        for (std::size_t many = 0;; ++many) {
            REQUIRE(many < 100);
            memory_session_store kept({.clock = &time});
            test_support::session_store_driver store(home, kept);
            prepare(store);
            const auto call = [&] { return operation(kept); };
            const bool done = home.block_on(with_little_memory(many, call));
            check(store, done);
            REQUIRE(store.create("last", session_login(9, "ann")));
            CHECK(store.erase_others_of("ann", "") >= 1);
            (void)store.erase("k1");
            (void)store.erase("k2");
            CHECK(kept.stats().active == 0);
            CHECK(kept.stats().bytes == 0);
            if (done) return;
        }
    }
};

const std::string long_value(200, '7');

} // namespace

TEST_CASE_FIXTURE(scarce_fixture, "a session that can't be created for lack of memory leaves nothing behind") {
    auto first = session_login(1, "ann");
    first.set = {{"a", long_value}};
    exhaust([](auto&) {}, [&](session_store& store) { return store.create("k1", first); },
            [](auto& store, bool done) {
                CHECK(store.load("k1").has_value() == done);
                CHECK(store.keys_of("ann").size() == (done ? 1 : 0));
            });
}

TEST_CASE_FIXTURE(scarce_fixture, "a session that can't be changed for lack of memory stays as it was") {
    const auto changes = session_change(2, {{"a", long_value}, {"b", long_value}});
    exhaust(
        [](auto& store) {
            REQUIRE(store.create("k1", first_session_change(1, {{"a", "1"}})));
        },
        [&](session_store& store) { return store.save("k1", changes); },
        [](auto& store, bool done) {
            CHECK(store.fields("k1") == (done ? "a=" + long_value + " b=" + long_value : "a=1"));
        });
}

TEST_CASE_FIXTURE(scarce_fixture, "a login that fails for lack of memory leaves the session as it was") {
    const auto login = session_login(2, "ann");
    exhaust(
        [](auto& store) {
            REQUIRE(store.create("k1", first_session_change(1, {{"a", "1"}})));
        },
        [&](session_store& store) { return store.rename("k1", "k2", login); },
        [](auto& store, bool done) {
            CHECK(store.fields("k1") == (done ? "not_found" : "a=1"));
            CHECK(store.fields("k2") == (done ? "a=1" : "not_found"));
            CHECK(store.keys_of("ann").size() == (done ? 1 : 0));
        });
}
