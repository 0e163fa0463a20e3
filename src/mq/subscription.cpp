// SPDX-License-Identifier: MIT
#include "mq/consumer.hpp"
#include <weir/mq/subscription.hpp>

#include <utility>

namespace weir {

namespace {

using shared_consumer = std::shared_ptr<mq::detail::consumer>;

task<result<void>> established_of(shared_consumer of) {
    if (!of) co_return ok();
    co_return co_await of->established();
}

task<result<void>> stop_consumer(shared_consumer of) {
    if (!of) co_return ok();
    co_return co_await of->stop();
}

} // namespace

subscription::subscription(shared_consumer of) noexcept : of_(std::move(of)) {}

subscription::subscription(subscription&& other) noexcept = default;

subscription& subscription::operator=(subscription&& other) noexcept {
    subscription taken(std::move(other));
    std::swap(of_, taken.of_);
    return *this;
}

subscription::~subscription() { cancel(); }

task<result<void>> subscription::established() const { return established_of(of_); }

task<result<void>> subscription::stop() const { return stop_consumer(of_); }

subscription_stats subscription::stats() const noexcept { return of_ ? of_->stats() : subscription_stats{}; }

void subscription::cancel() noexcept {
    if (of_) of_->cancel();
}

} // namespace weir
