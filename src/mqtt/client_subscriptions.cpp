// SPDX-License-Identifier: MIT
// The part of client_core that delivers messages to handlers, on the home loop.
#include "mqtt/client_core.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace weir::mqtt::detail {

using what = client_event::what;

void client_core::add(const std::shared_ptr<subscription>& one) {
    if (finished_ || closing_) return complete(*one->answer, closed_failure_);
    if (!subscriptions_.emplace(one->filter, one).second)
        return complete(*one->answer, error(errc::already_exists, "already subscribed to " + one->filter));
    if (const auto left = leaving_.extract(one->filter); left && left.mapped()) complete(*left.mapped(), {});
    one->worker = home_->start(consume(shared_from_this(), one));
    if (up_) send_subscribe(one);
}

// If the connection is lost first, the next one asks again.
void client_core::send_subscribe(const std::shared_ptr<subscription>& one) {
    session_.subscribe(one->filter, static_cast<std::uint8_t>(one->options.level), out_,
                       [this, one](const result<std::uint8_t>& code) {
                           if (code) answered(one, *code);
                       });
}

void client_core::answered(const std::shared_ptr<subscription>& one, std::uint8_t code) {
    const auto answer = std::exchange(one->answer, nullptr);
    if (code != 0x80) {
        if (answer) complete(*answer, {});
        return;
    }
    const error why(errc::permission_denied, "the MQTT broker refuses the subscription to " + one->filter);
    if (answer) complete(*answer, why);
    const auto known = subscriptions_.find(one->filter);
    if (known == subscriptions_.end() || known->second != one) return;
    subscriptions_.erase(known);
    drop(*one);
}

void client_core::remove(const std::string& filter, const std::shared_ptr<pending>& answer) {
    const auto known = subscriptions_.find(filter);
    if (known == subscriptions_.end()) {
        if (answer) complete(*answer, error(errc::not_found, "not subscribed to " + filter));
        return;
    }
    const auto one = known->second;
    subscriptions_.erase(known);
    drop(*one);
    leaving_[filter] = answer;
    if (up_) send_unsubscribe(filter);
}

void client_core::send_unsubscribe(const std::string& filter) {
    session_.unsubscribe(filter, out_, [this, filter](const result<std::uint8_t>& code) {
        const auto known = leaving_.find(filter);
        if (!code || known == leaving_.end()) return;
        const auto answer = known->second;
        leaving_.erase(known);
        if (answer) complete(*answer, {});
    });
}

// Ends a subscription's work. Its messages count as handled, so that the broker forgets them.
void client_core::drop(subscription& one) {
    one.removed = true;
    one.arrived.close();
    one.worker.cancel();
    const auto unhandled = std::exchange(one.messages, {});
    for (const auto& message : unhandled) done(*message);
}

// A failure ends the connection, and the broker repeats the message on the next one.
void client_core::deliver(incoming& one) {
    const std::size_t size = one.content.topic.size() + one.content.payload.size();
    held_bytes_ += size;
    try {
        const auto shared = std::make_shared<shared_incoming>();
        shared->message = std::move(one);
        shared->left = 1; // this delivery itself
        deliver_to_all(shared);
        done(*shared);
    } catch (...) {
        held_bytes_ -= size;
        session_.forget(one);
        throw;
    }
}

void client_core::deliver_to_all(const std::shared_ptr<shared_incoming>& one) {
    bool selected = false;
    for (const auto& [filter, to] : subscriptions_) {
        if (!matches(filter, one->message.content.topic)) continue;
        selected = true;
        deliver_to(*to, one);
    }
    if (!selected) count(&client_stats::unmatched);
}

bool client_core::accepts(const subscription& to, const message& one) const noexcept {
    if (one.level != qos::at_most_once) return true;
    return to.messages.size() < to.options.buffer && held_bytes_ <= options_.receive_bytes;
}

void client_core::deliver_to(subscription& to, const std::shared_ptr<shared_incoming>& one) {
    if (!accepts(to, one->message.content)) {
        count(&client_stats::dropped);
        return report(what::dropped, one->message.content.topic, {});
    }
    to.messages.push_back(one);
    ++one->left;
    static_cast<void>(to.arrived.try_send(true));
}

// Doesn't return before the handlers have dealt with enough messages. A broker's window of unacknowledged messages is
// usually much smaller than the limit.
task<result<void>> client_core::wait_for_room() {
    while (held_bytes_ > options_.receive_bytes) {
        flush();
        paused_ = true;
        const auto woken = co_await room_.receive();
        paused_ = false;
        if (!woken) co_return woken.error();
    }
    co_return ok();
}

task<void> client_core::consume(pointer self, std::shared_ptr<subscription> from) {
    while (true) {
        if (from->messages.empty()) {
            const auto woken = co_await from->arrived.receive();
            if (!woken) break;
            continue;
        }
        const auto one = std::move(from->messages.front());
        from->messages.pop_front();
        from->busy = true;
        bool ended = false;
        try {
            ended = co_await self->handle(*from, *one);
        } catch (...) { // without memory the handler can't even be called
            self->count(&client_stats::handler_errors);
            ended = !from->options.retry;
        }
        from->busy = false;
        if (ended || from->removed) self->done(*one);
        self->run_commands();
        if (!ended) break;
    }
}

// Returns whether the message is dealt with; otherwise the handler was cancelled.
task<bool> client_core::handle(subscription& by, shared_incoming& one) {
    duration pause = by.options.retry_base;
    while (true) {
        message copy = one.message.content;
        const auto outcome = co_await call(by, copy);
        if (outcome) {
            count(&client_stats::handled);
            co_return true;
        }
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none) co_return false;
        count(&client_stats::handler_errors);
        report(what::handler_failed, one.message.content.topic, outcome.error());
        if (!by.options.retry) co_return true;
        const auto slept = co_await sleep_for(pause);
        if (!slept) co_return false;
        pause = std::min(weir::detail::sum(pause, pause), by.options.retry_max);
    }
}

task<result<void>> client_core::call(const subscription& by, message& one) {
    try {
        co_return co_await by.call(one);
    } catch (...) {
        co_return current_error();
    }
}

void client_core::done(shared_incoming& one) {
    if (--one.left > 0) return;
    held_bytes_ -= one.message.content.topic.size() + one.message.content.payload.size();
    if (paused_) static_cast<void>(room_.try_send(true));
    unused_.clear();
    session_.acknowledge(one.message.id, static_cast<std::uint8_t>(one.message.content.level), one.message.session,
                         up_ ? out_ : unused_);
}

} // namespace weir::mqtt::detail
