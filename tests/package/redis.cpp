// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/redis/client.hpp>

#include <stdexcept>

void use_redis();

void use_redis() {
    weir::loop home;
    weir::redis::client_options options;
    options.url = "redis://127.0.0.1:1"; // no server has this port
    options.connect_wait = weir::duration::zero();
    weir::redis::client db(options);
    const auto refused = home.block_on(db.get("key"));
    if (refused || refused.error() != weir::errc::unavailable)
        throw std::runtime_error("redis: a value without a server");
}
