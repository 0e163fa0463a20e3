// SPDX-License-Identifier: MIT
#include "redis/store/cache_feed.hpp"

#include <chrono>
#include <utility>

namespace weir::redis::detail {

namespace {

constexpr duration refused_pause = std::chrono::seconds(1); // after the server refused the subscription
constexpr std::size_t max_messages = 64 * 1024;

void pass(const message& one, std::string_view prefix, cache_feeds& to) {
    switch (one.what) {
    case message::kind::published:
        if (one.payload.starts_with(prefix)) to.erased(std::string_view(one.payload).substr(prefix.size()));
        return;
    case message::kind::lost:
        return to.set_connected(false);
    case message::kind::resumed:
        to.set_connected(true);
        return to.gap();
    case message::kind::overflow:
        return to.gap();
    }
}

// Returns why it can't go on. The first connection is a gap too: values may be older than it.
task<result<void>> listen(client& on, loop& home, const std::string& channel, std::string_view prefix,
                          cache_feeds& to) {
    subscription_options options;
    options.channels.push_back(channel);
    options.max_messages = max_messages;
    subscription news(on, home, std::move(options));
    const auto ready = co_await news.ready();
    if (!ready) co_return ready;
    to.set_connected(true);
    to.gap();
    for (;;) {
        auto next = co_await news.next();
        if (!next) co_return next.error();
        pass(*next, prefix, to);
    }
}

} // namespace

std::shared_ptr<void> cache_feeds::add(std::string_view prefix, weir::cache_feed to) {
    auto made = std::make_shared<listener>(listener{std::string(prefix), std::move(to)});
    const std::lock_guard lock(mutex_);
    std::erase_if(all_, [](const auto& one) { return one.expired(); });
    all_.push_back(made);
    return made;
}

// The feeds are called without the lock, so they may use the store.
std::vector<std::shared_ptr<cache_feeds::listener>> cache_feeds::listeners() {
    std::vector<std::shared_ptr<listener>> held;
    const std::lock_guard lock(mutex_);
    for (const auto& one : all_)
        if (auto alive = one.lock()) held.push_back(std::move(alive));
    return held;
}

void cache_feeds::erased(std::string_view key) {
    received_.fetch_add(1, std::memory_order_relaxed);
    for (const auto& one : listeners())
        if (key.starts_with(one->prefix) && one->to.on_erase) one->to.on_erase(key);
}

void cache_feeds::gap() {
    gaps_.fetch_add(1, std::memory_order_relaxed);
    for (const auto& one : listeners())
        if (one->to.on_gap) one->to.on_gap();
}

void cache_feeds::describe(cache_feed_stats& shown) const noexcept {
    shown.connected = connected_;
    shown.received = received_;
    shown.gaps = gaps_;
}

task<void> follow_erasures(client& on, loop& home, std::string channel, std::string prefix,
                           std::shared_ptr<cache_feeds> to) {
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    while (!to->closed()) {
        result<void> ended = errc::unavailable;
        try {
            ended = co_await listen(on, home, channel, prefix, *to);
        } catch (...) {
            ended = current_error();
        }
        to->set_connected(false);
        if (ended.error() == errc::cancelled) co_return;
        const auto slept = co_await sleep_for(refused_pause);
        if (!slept) co_return;
    }
}

} // namespace weir::redis::detail
