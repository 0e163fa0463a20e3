// SPDX-License-Identifier: MIT
#pragma once

#include "support/print.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <thread>

// A call started by a test, which inspects it while advancing the clock.
struct pending_call {
    std::optional<weir::result<weir::http::client_response>> outcome;

    bool done() const { return outcome.has_value(); }

    weir::task<void> follow(weir::task<weir::result<weir::http::client_response>> call) {
        outcome.emplace(co_await std::move(call));
    }
};

// Runs the loop until the condition holds, with a time limit, because other threads must act.
template<class Condition>
void turn_until(weir::loop& home, Condition holds) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!holds()) {
        REQUIRE(std::chrono::steady_clock::now() < limit);
        if (home.poll() == 0) std::this_thread::yield();
    }
}
