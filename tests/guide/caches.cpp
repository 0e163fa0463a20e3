// SPDX-License-Identifier: MIT
#include <weir/cache/cache.hpp>
#include <weir/cache/cache_metrics.hpp>
#include <weir/cache/memory_cache_store.hpp>
#include <weir/cache/shared_cache.hpp>
#include <weir/core/loop.hpp>
#include <weir/http/middleware/cache_responses.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/describe/class.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>

using namespace std::chrono_literals;

namespace {

struct room {
    std::string name{};
    int beds = 0;
};
BOOST_DESCRIBE_STRUCT(room, (), (name, beds))

// Stands for a database or another service.
class room_source {
public:
    weir::task<weir::result<std::optional<room>>> find(std::string name) {
        ++reads;
        if (failure) co_return failure;
        if (name != "blue") co_return std::nullopt;
        co_return room{name, beds};
    }

    int reads = 0;
    int beds = 2;
    weir::error failure{};
};

class room_list {
    room_source& source_;
    weir::cache<std::string, room> rooms_{{.size = 1000, .ttl = 30s, .stale_if_error = 10min}};

public:
    explicit room_list(room_source& source) : source_(source) {}

    weir::task<weir::result<room>> find(std::string name) {
        co_return co_await rooms_.get_or(name, [&] { return source_.find(name); });
    }

    // Says when the value may be old because the source is away.
    weir::task<weir::result<std::string>> describe(std::string name) {
        auto found = co_await rooms_.lookup_or(name, [&] { return source_.find(name); });
        if (!found) co_return found.error();
        const weir::cached<room>& shown = *found;
        co_return shown->name + (shown.stale ? " (may have changed)" : "");
    }

    void changed(const std::string& name) { rooms_.erase(name); } // once the change is committed
};

void add_cached_routes(weir::router& app, weir::response_cache& shown) {
    auto rooms = app.with(weir::cache_responses(shown));
    rooms.get("/rooms/{name}", [](weir::path<"name", std::string> name) { return room{*name, 2}; });
    app.post("/beds/{name}", [&shown](weir::path<"name", std::string> name) {
        shown.erase("/rooms/" + *name); // once the change is committed
        return "changed";
    });
}

weir::task<weir::result<room>> find_shared(weir::shared_cache<std::string, room>& rooms, room_source& source,
                                           std::string name) {
    co_return co_await rooms.get_or(name, [&] { return source.find(name); });
}

} // namespace

TEST_CASE("the guide's caches work as it says") {
    weir::loop home;
    room_source source;
    room_list rooms(source);
    CHECK(home.block_on(rooms.find("blue"))->beds == 2);
    CHECK(home.block_on(rooms.describe("blue")).value() == "blue");
    CHECK(home.block_on(rooms.find("red")).error() == weir::errc::not_found);
    CHECK(home.block_on(rooms.find("red")).error() == weir::errc::not_found);
    CHECK(source.reads == 2);
    rooms.changed("blue");
    CHECK(home.block_on(rooms.find("blue")).has_value());
    CHECK(source.reads == 3);

    weir::response_cache shown({.ttl = 30s});
    weir::router app;
    add_cached_routes(app, shown);
    weir::test_client client(app);
    CHECK(client.get("/rooms/blue").header("cache-status") == "weir; fwd=uri-miss; stored");
    CHECK(client.get("/rooms/blue").header("cache-status").starts_with("weir; hit"));
    CHECK(client.post("/beds/blue", "{}").body == "changed");
    CHECK(client.get("/rooms/blue").header("cache-status") == "weir; fwd=uri-miss; stored");

    weir::memory_cache_store store;
    weir::shared_cache<std::string, room> here(store, {.prefix = "rooms:", .ttl = 10min});
    weir::shared_cache<std::string, room> there(store, {.prefix = "rooms:", .ttl = 10min});
    CHECK(home.block_on(find_shared(here, source, "blue"))->beds == 2);
    home.poll();
    CHECK(home.block_on(find_shared(there, source, "blue"))->beds == 2);
    CHECK(source.reads == 4);
    CHECK(home.block_on(here.erase("blue")).has_value());
    CHECK(!there.find("blue"));
}
