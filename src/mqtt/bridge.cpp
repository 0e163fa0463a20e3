// SPDX-License-Identifier: MIT
#include "resilience/option_check.hpp"
#include <weir/core/deadline.hpp>
#include <weir/mq/queue.hpp>
#include <weir/mqtt/bridge.hpp>

#include <atomic>
#include <utility>

namespace weir::mqtt {

namespace {

constexpr std::size_t longest_key = 200; // that a queue accepts

bridge_options checked(bridge_options given) {
    if (auto fits = check_filter(given.filter); !fits)
        resilience::detail::refuse_option("bridge_options.filter", given.filter, "a filter");
    resilience::detail::check_range("bridge_options.publish_limit", given.publish_limit, duration(1));
    resilience::detail::check_range("bridge_options.retry_base", given.retry_base, duration(1));
    resilience::detail::check_range("bridge_options.retry_max", given.retry_max, duration(1));
    return given;
}

} // namespace

struct bridge::state {
    queue& to;
    const bridge_options options;
    std::atomic<std::uint64_t> forwarded{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::uint64_t> discarded{0};

    weir::message converted(const message& one) const;
    task<result<void>> forward(const message& one);
};

weir::message bridge::state::converted(const message& one) const {
    weir::message made;
    if (options.convert) {
        made = options.convert(one);
    } else {
        made.body = one.payload;
        made.key = one.topic.substr(0, longest_key);
        made.headers.push_back({"mqtt-topic", one.topic});
    }
    if (made.topic.empty()) made.topic = options.topic;
    return made;
}

task<result<void>> bridge::state::forward(const message& one) {
    auto publishing = to.publish(converted(one));
    auto taken = co_await with_timeout(options.publish_limit, std::move(publishing));
    if (taken) {
        ++forwarded;
        co_return taken;
    }
    if (is_permanent(taken.error())) {
        ++discarded;
        co_return ok();
    }
    ++failures;
    co_return taken;
}

bridge::bridge(client& from, queue& to, bridge_options options)
    : from_(from), state_(new state{to, checked(std::move(options))}) {}

task<result<void>> bridge::start() {
    const bridge_options& given = state_->options;
    subscription_options options;
    options.level = given.level;
    options.retry = true;
    options.retry_base = given.retry_base;
    options.retry_max = given.retry_max;
    auto forward = [kept = state_](message& one) { return kept->forward(one); };
    return from_.subscribe(given.filter, options, forward);
}

task<result<void>> bridge::stop() { return from_.unsubscribe(state_->options.filter); }

bridge_stats bridge::stats() const noexcept {
    return {state_->forwarded.load(), state_->failures.load(), state_->discarded.load()};
}

} // namespace weir::mqtt
