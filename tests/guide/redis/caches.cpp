// SPDX-License-Identifier: MIT
#include "support/redis_server.hpp"
#include <weir/cache/shared_cache.hpp>
#include <weir/core/loop.hpp>
#include <weir/redis/cache_store.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

namespace {

struct shared_rooms {
    shared_rooms(weir::redis::client& db, weir::loop& home) : store(db, home) {}

    weir::task<weir::result<std::string>> find(std::string name) {
        co_return co_await values.get_or(name, [&] { return "room " + name; });
    }

    weir::redis::cache_store store;
    weir::shared_cache<std::string, std::string> values{store, {.prefix = "rooms:", .ttl = 10min}};
};

} // namespace

TEST_CASE("the guide's cache on Redis works as it says") {
    test_support::redis_server server;
    weir::loop home;
    weir::redis::client db(server.url());
    shared_rooms rooms(db, home);
    CHECK(home.block_on(rooms.find("blue")).value() == "room blue");
    CHECK(home.block_on(rooms.values.erase("blue")).has_value());
}
