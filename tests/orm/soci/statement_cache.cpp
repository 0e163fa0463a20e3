// SPDX-License-Identifier: MIT
#include "orm/soci/statement_cache.hpp"

#include <doctest/doctest.h>
#include <soci/sqlite3/soci-sqlite3.h>

using namespace weir;

namespace {

// A cache of two statements.
struct statement_cache_fixture {
    soci::session connection{soci::sqlite3, ":memory:"};
    orm::driver_style style{};
    orm::statement_cache cache{connection, style, 2};

    // Whether the statement is cached since the last time. A statement that was prepared again lacks the mark.
    bool kept(std::string_view sql) {
        constexpr std::size_t mark = 100;
        const auto taken = cache.take(sql, 0, 1);
        auto& ins = taken->ins;
        const bool known = ins.capacity() >= mark;
        ins.reserve(mark);
        return known;
    }
};

} // namespace

TEST_CASE_FIXTURE(statement_cache_fixture, "the least recently used statement is evicted") {
    CHECK_FALSE(kept("SELECT 1"));
    CHECK_FALSE(kept("SELECT 2"));
    CHECK(kept("SELECT 1"));
    CHECK_FALSE(kept("SELECT 3")); // took the place of 2, although 1 was prepared before it
    CHECK(kept("SELECT 1"));
    CHECK(kept("SELECT 3"));
    CHECK_FALSE(kept("SELECT 2")); // took the place of 1
    CHECK(kept("SELECT 3"));
    CHECK_FALSE(kept("SELECT 1"));
}

TEST_CASE_FIXTURE(statement_cache_fixture, "a statement used with another number of columns is prepared again") {
    CHECK_FALSE(kept("SELECT 1, 2"));
    CHECK(cache.take("SELECT 1, 2", 0, 2)->outs.size() == 2);
    CHECK_FALSE(kept("SELECT 1, 2"));
}

TEST_CASE_FIXTURE(statement_cache_fixture, "a running statement is neither evicted nor lent a second time") {
    const auto running = cache.take("SELECT 1", 0, 1);
    {
        const auto another = cache.take("SELECT 1", 0, 1);
        CHECK(&*another != &*running);
        for (const char* sql : {"SELECT 2", "SELECT 3", "SELECT 4"}) CHECK(cache.take(sql, 0, 1)->outs.size() == 1);
    }
    CHECK(running->sql == "SELECT 1");
    const auto second = cache.take("SELECT 2", 0, 1);
    const auto third = cache.take("SELECT 3", 0, 1); // all places are in use: one more while that lasts
    CHECK(&*second != &*third);
}

TEST_CASE_FIXTURE(statement_cache_fixture, "outdated statements are prepared again at their next use") {
    CHECK_FALSE(kept("SELECT 1"));
    CHECK_FALSE(kept("SELECT 2"));
    {
        const auto running = cache.take("SELECT 1", 0, 1);
        cache.outdate();
        CHECK(&*cache.take("SELECT 1", 0, 1) != &*running);
    }
    CHECK_FALSE(kept("SELECT 1"));
    CHECK_FALSE(kept("SELECT 2"));
    CHECK(kept("SELECT 1"));
    CHECK(kept("SELECT 2"));
}
