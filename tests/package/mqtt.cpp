// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/mqtt/client.hpp>

#include <stdexcept>

void use_mqtt();

void use_mqtt() {
    weir::mqtt::client client({.servers = {"mqtt://127.0.0.1:1"}});
    weir::loop home;
    const auto closed = home.block_on(client.close());
    if (!closed || !weir::mqtt::matches("room/+", "room/307")) throw std::runtime_error("mqtt: a client doesn't close");
}
