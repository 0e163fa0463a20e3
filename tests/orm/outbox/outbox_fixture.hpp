// SPDX-License-Identifier: MIT
#pragma once

#include "core/outside_work.hpp"
#include "orm/support.hpp"
#include <weir/mq/engine.hpp>
#include <weir/mq/outbox_relay.hpp>
#include <weir/mq/queue.hpp>
#include <weir/orm/outbox_store.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace orm_test {

/// A queue that the test answers for: it fails, hangs or takes messages.
class scripted_queue final : public weir::queue {
public:
    scripted_queue() : queue("scripted", std::size_t{1} << 20U) {}

    weir::task<weir::result<void>> declare(std::string_view, std::string_view) override { return done(); }
    weir::task<weir::result<std::vector<weir::dead_letter>>> dead_letters(
        std::string_view, std::string_view, std::size_t) override {
        co_return std::vector<weir::dead_letter>();
    }
    weir::task<weir::result<std::size_t>> requeue_dead(std::string_view, std::string_view, std::string_view) override {
        co_return std::size_t{0};
    }
    weir::task<weir::result<std::size_t>> discard_dead(std::string_view, std::string_view, std::string_view) override {
        co_return std::size_t{0};
    }
    weir::task<weir::result<void>> close() override { return done(); }

    std::vector<std::string> bodies() const {
        std::vector<std::string> all;
        for (const auto& one : taken) all.push_back(one.body);
        return all;
    }

    std::function<weir::task<weir::result<void>>(const weir::message&)> answer{}; ///< empty: takes every message
    std::vector<weir::message> taken{};
    std::size_t attempts = 0;

private:
    static weir::task<weir::result<void>> done() { co_return weir::ok(); }

    weir::task<weir::result<void>> send(weir::message one) override {
        ++attempts;
        if (answer) {
            const auto said = co_await answer(one);
            if (!said) co_return said.error();
        }
        taken.push_back(std::move(one));
        co_return weir::ok();
    }
    std::shared_ptr<weir::mq::consumer_link> link(weir::loop&, const weir::consume_options&) override { return {}; }
    void describe(weir::queue_stats&) const override {}
};

/// An outbox on SQLite, timed by a manual clock.
struct outbox_fixture {
    temporary_folder files;
    weir::manual_clock time;
    weir::loop home{time};
    weir::database db{files / "outbox.db"};
    weir::orm::outbox_store store{db, {.time = &time}};

    outbox_fixture() { home.block_on(store.prepare()).value(); }

    weir::result<void> try_add(weir::message one) {
        auto body = [&](weir::transaction& tx) { return store.add(tx, one); };
        return home.block_on(db.transaction(body));
    }
    void add(std::string body, std::string key = {}) {
        try_add(weir::message("events", std::move(body)).with_key(std::move(key))).value();
    }

    std::vector<weir::orm::outbox_row> rows() {
        return home.block_on(weir::repository<weir::orm::outbox_row>(db).all()).value();
    }

    /// Runs the loop until the condition holds; throws if it doesn't within a minute.
    void until(const std::function<bool()>& holds) {
        const auto late = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (!holds()) {
            if (home.poll() != 0) continue;
            if (std::chrono::steady_clock::now() > late) throw std::runtime_error("the condition doesn't come true");
            std::this_thread::yield();
        }
    }
    /// The same, and lets the time pass while all tasks wait for it: a statement would be late otherwise.
    void until_passing(weir::duration step, const std::function<bool()>& holds) {
        const auto late = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (!holds()) {
            if (home.poll() == 0 && home.outside()->running() == 0) time.advance(step);
            if (std::chrono::steady_clock::now() > late) throw std::runtime_error("the condition doesn't come true");
        }
    }
};

/// No random parts: every delay is the longest one.
inline weir::outbox_relay_options steady_options() {
    weir::outbox_relay_options options;
    options.random = [] { return 0.9999999; };
    return options;
}

} // namespace orm_test
