// SPDX-License-Identifier: MIT
// --port N --in-flight N --operations N: that many tasks, each of which sends one GET after the other.
#include "redis/load.hpp"
#include <weir/core/loop.hpp>
#include <weir/redis/client.hpp>

#include <memory>
#include <stdexcept>
#include <string>

namespace {

struct connected {
    weir::loop home{};
    weir::redis::client db;

    explicit connected(std::uint16_t port) : db("redis://127.0.0.1:" + std::to_string(port)) {
        home.block_on(db.set("key", bench_redis::value)).value();
    }
};

weir::task<void> get(weir::redis::client& db, int times, int& left, weir::loop& home) {
    for (int i = 0; i < times; ++i) {
        const auto got = co_await db.command<std::string>("GET", "key");
        if (got.value() != bench_redis::value) throw std::logic_error("a value is wrong");
    }
    if (--left == 0) home.stop();
}

} // namespace

int main(int argc, char** argv) {
    const auto connect = [](const bench_redis::load& all) { return std::make_unique<connected>(all.port); };
    const auto work = [](connected& client, const bench_redis::load& all) {
        int left = all.in_flight;
        for (int i = 0; i < all.in_flight; ++i)
            client.home.spawn(get(client.db, all.operations / all.in_flight, left, client.home));
        client.home.io().restart();
        client.home.run();
    };
    return bench_redis::main_of("redis_weir", argc, argv, connect, work);
}
