// SPDX-License-Identifier: MIT
#include "mq/relay.hpp"
#include <weir/core/deadline.hpp>
#include <weir/mq/outbox_relay.hpp>

#include <algorithm>
#include <utility>

namespace weir {

namespace {

outbox_relay_options checked(outbox_relay_options options) {
    mq::detail::check(options);
    return options;
}

// When a stop cancels what is in progress: early enough before the context's deadline that it can end.
time_point end_of_drain(time_point now, time_point deadline) noexcept {
    if (deadline == time_point::max() || deadline <= now) return deadline;
    return now + (deadline - now) / 10 * 9;
}

} // namespace

outbox_relay::outbox_relay(outbox_store& from, queue& to, outbox_relay_options options)
    : relay_(std::make_shared<mq::detail::relay>(from, to, checked(std::move(options)))) {}

outbox_relay::~outbox_relay() { relay_->abandon(); }

void outbox_relay::start(loop& on) {
    if (!relay_->begun()) run_ = on.start(relay_->begin(on));
}

task<result<void>> outbox_relay::start() {
    const executor here = co_await this_task;
    start(here.context().loop());
    co_return ok();
}

task<result<void>> outbox_relay::stop() {
    relay_->quit();
    if (!relay_->begun()) co_return ok();
    const executor here = co_await this_task;
    const context& ctx = here.context();
    const time_point last = end_of_drain(ctx.loop().clock().now(), ctx.deadline());
    const auto drained = co_await with_deadline(last, relay_->ended().receive());
    if (drained.error() == errc::unavailable) co_return ok();
    run_.cancel();
    const auto ended = co_await relay_->ended().receive();
    if (ended.error() == errc::cancelled) co_return errc::cancelled;
    co_return error(errc::deadline_exceeded, "publications didn't end in time and were cancelled");
}

outbox_relay_stats outbox_relay::stats() const noexcept { return relay_->stats(); }

} // namespace weir
