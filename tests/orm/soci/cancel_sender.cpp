// SPDX-License-Identifier: MIT
// labels: concurrency
#include "orm/soci/cancel_sender.hpp"

#include "support/without_threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// A request that stays under way until released.
struct held_request final : orm::cancel_request {
    std::promise<void> begun;
    std::promise<void> release;
    std::shared_future<void> may_end = release.get_future().share();
    std::atomic<int> sent = 0;

    void send() noexcept override {
        if (++sent == 1) begun.set_value();
        may_end.wait();
    }
};

struct counted_request final : orm::cancel_request {
    std::atomic<int> sent = 0;
    void send() noexcept override { ++sent; }
};

} // namespace

TEST_CASE("cancel requests are sent one by one, and one under way isn't sent twice") {
    orm::cancel_sender sender("test-cancel");
    const auto first = std::make_shared<held_request>();
    const auto second = std::make_shared<counted_request>();
    CHECK(sender.post(first));
    first->begun.get_future().wait();
    CHECK(sender.post(first));
    CHECK(sender.post(second));
    CHECK(sender.post(second));
    CHECK(!sender.wait_sent(*second, 1ms));
    CHECK(second->sent == 0);
    first->release.set_value();
    CHECK(sender.wait_sent(*second, 1min));
    CHECK(first->sent == 1);
    CHECK(second->sent == 1);
    CHECK(sender.post(second));
    CHECK(sender.wait_sent(*second, 1min));
    CHECK(second->sent == 2);
}

TEST_CASE("a cancel request that never ends holds up only its thread") {
    const auto stuck = std::make_shared<held_request>();
    const auto behind = std::make_shared<counted_request>();
    {
        orm::cancel_sender sender("test-cancel");
        CHECK(sender.post(stuck));
        stuck->begun.get_future().wait();
        CHECK(sender.post(behind));
    }
    CHECK(behind.use_count() == 1);
    stuck->release.set_value();
    while (stuck.use_count() > 1) std::this_thread::yield();
    CHECK(behind->sent == 0);
}

TEST_CASE("a cancel request is refused if no thread can be started") {
    const auto tried = test_support::without_threads(0, [] {
        orm::cancel_sender sender("test-cancel");
        const auto request = std::make_shared<counted_request>();
        return sender.post(request) || request->sent != 0 ? 1 : 0;
    });
    CHECK(tried == 0);
}
