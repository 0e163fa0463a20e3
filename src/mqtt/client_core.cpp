// SPDX-License-Identifier: MIT
// The part of client_core that runs on the callers' loops.
#include "mqtt/client_core.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <new>
#include <utility>

namespace weir::mqtt::detail {

using weir::detail::remote_wait;

// Marks the call as left before the caller's frame ends.
class client_core::seat {
public:
    seat(client_core& of, pending& one, loop& home) : of_(of), one_(one) {
        one_.task = std::make_shared<remote_wait>(home);
    }
    seat(const seat&) = delete;
    seat& operator=(const seat&) = delete;
    ~seat() {
        const std::lock_guard held(of_.mutex_);
        one_.left = true;
    }

private:
    client_core& of_;
    pending& one_;
};

namespace {

task<bool> is_cancelled() {
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    co_return state.cancelled() != boost::asio::cancellation_type::none;
}

} // namespace

client_core::client_core(client_options options)
    : options_(checked(std::move(options))),
      closed_failure_(error(errc::unavailable, "the MQTT client is closed").with_code("closed")),
      session_(!options_.clean_session, options_.max_in_flight), packets_(options_.max_packet) {
    for (const std::string& one : options_.servers) {
        servers_.push_back(parse_server(one).value());
        if (servers_.back().secure) check_tls(options_.tls);
    }
}

result<void> client_core::accept(const std::shared_ptr<pending_publish>& one) {
    const std::lock_guard held(mutex_);
    if (closed_) return closed_failure_;
    const bool full = counts_.waiting >= options_.queue || one->size > options_.queue_bytes - counts_.waiting_bytes;
    if (full || (options_.refuse_while_disconnected && !counts_.connected)) {
        ++counts_.refused;
        if (!full) return error(errc::unavailable, "the MQTT client isn't connected");
        return error(errc::unavailable,
                     fmt::format("{} MQTT messages of {} bytes already wait", counts_.waiting, counts_.waiting_bytes));
    }
    one->place = waiting_.insert(waiting_.end(), one);
    one->counted = true;
    ++counts_.waiting;
    counts_.waiting_bytes += one->size;
    if (wake_home()) return ok();
    waiting_.erase(one->place);
    release(*one);
    throw std::bad_alloc();
}

// Requires the lock. A message that wasn't sent is withdrawn.
void client_core::release(pending_publish& one) noexcept {
    if (!std::exchange(one.counted, false)) return;
    --counts_.waiting;
    counts_.waiting_bytes -= one.size;
}

error client_core::leave(const pending& one, ending how, bool sent) {
    if (one.outcome) return *one.outcome;
    const errc kind = how == ending::late ? errc::deadline_exceeded : errc::cancelled;
    if (!sent) return kind;
    return error(kind, "the MQTT broker hasn't acknowledged the message").with_code(std::string(outcome_unknown_code));
}

error client_core::leave_publish(pending_publish& one, ending how) {
    const std::lock_guard held(mutex_);
    if (!one.outcome && !one.sent) {
        waiting_.erase(one.place);
        release(one);
    }
    return leave(one, how, one.sent);
}

// Requires the lock. Returns false if memory has run out.
bool client_core::wake_home() noexcept {
    if (!home_ || woken_) return true;
    outside_->send([this] {
        try {
            home_->post([self = shared_from_this()] { self->run_commands(); });
            woken_ = true;
        } catch (const std::bad_alloc&) {
            return;
        }
    });
    return woken_ || finished_;
}

result<void> client_core::tell_home(command what) {
    const std::lock_guard held(mutex_);
    if (finished_) return closed_failure_;
    commands_.push_back(std::move(what));
    if (!wake_home()) throw std::bad_alloc();
    return ok();
}

void client_core::complete(pending& one, const error& why) noexcept {
    const std::lock_guard held(mutex_);
    if (one.outcome) return;
    one.outcome = why;
    if (!one.left) one.task->wake();
}

void client_core::end_publish(pending_publish& one, const error& why) noexcept {
    {
        const std::lock_guard held(mutex_);
        release(one);
        ++(why ? counts_.publish_failures : counts_.published);
    }
    complete(one, why);
}

task<result<void>> client_core::publish(pointer self, std::shared_ptr<pending_publish> one) {
    if (const bool cancelled = co_await is_cancelled(); cancelled) co_return errc::cancelled;
    const executor here = co_await this_task;
    const context& ctx = here.context();
    if (ctx.deadline() <= ctx.loop().clock().now()) co_return errc::deadline_exceeded;
    const seat taken(*self, *one, ctx.loop());
    if (auto accepted = self->accept(one); !accepted) co_return accepted;
    const auto how = co_await one->task->until(ctx.deadline());
    error why = self->leave_publish(*one, how);
    if (why) co_return why;
    co_return ok();
}

task<result<void>> client_core::connect(pointer self) {
    const executor here = co_await this_task;
    const context& ctx = here.context();
    const auto answer = std::make_shared<pending>();
    const seat taken(*self, *answer, ctx.loop());
    self->begin_connect(ctx.loop(), answer);
    const auto how = co_await answer->task->until(ctx.deadline());
    const std::lock_guard held(self->mutex_);
    error why = leave(*answer, how, false);
    if (why && !answer->outcome) why = std::move(why).caused_by(self->counts_.last_failure);
    if (why) co_return why;
    co_return ok();
}

void client_core::begin_connect(loop& home, const std::shared_ptr<pending>& answer) {
    bool first = false;
    {
        const std::lock_guard held(mutex_);
        if (closed_) answer->outcome = closed_failure_;
        if (counts_.connected) answer->outcome = error();
        if (answer->outcome) return answer->task->wake();
        connecting_.push_back(answer);
        first = !outside_;
        if (!first) return;
        home_ = &home;
        outside_ = home.outside();
    }
    runner_ = home.start(run(shared_from_this()));
    run_commands();
}

task<result<void>> client_core::subscribe(pointer self, std::shared_ptr<subscription> one) {
    const executor here = co_await this_task;
    const context& ctx = here.context();
    const auto answer = std::make_shared<pending>();
    const seat taken(*self, *answer, ctx.loop());
    one->answer = answer;
    auto begun = self->tell_home({answer, [one](client_core& core) { core.add(one); }});
    if (!begun) co_return begun;
    const auto how = co_await answer->task->until(ctx.deadline());
    error why;
    bool answered = false;
    {
        const std::lock_guard held(self->mutex_);
        why = leave(*answer, how, false);
        answered = answer->outcome.has_value();
    }
    if (!why) co_return ok();
    if (!answered)
        begun = self->tell_home({nullptr, [filter = one->filter](client_core& core) { core.remove(filter, nullptr); }});
    co_return why;
}

task<result<void>> client_core::unsubscribe(pointer self, std::string filter) {
    const executor here = co_await this_task;
    const context& ctx = here.context();
    const auto answer = std::make_shared<pending>();
    const seat taken(*self, *answer, ctx.loop());
    auto begun = self->tell_home({answer, [answer, filter](client_core& core) { core.remove(filter, answer); }});
    if (!begun) co_return begun;
    const auto how = co_await answer->task->until(ctx.deadline());
    const std::lock_guard held(self->mutex_);
    error why = leave(*answer, how, true);
    if (why) co_return why;
    co_return ok();
}

task<result<void>> client_core::close(pointer self) {
    const executor here = co_await this_task;
    const context& ctx = here.context();
    const auto answer = std::make_shared<pending>();
    const seat taken(*self, *answer, ctx.loop());
    bool never_connected = false;
    {
        const std::lock_guard held(self->mutex_);
        self->closed_ = true;
        never_connected = !self->outside_;
    }
    if (never_connected) self->finish(self->closed_failure_);
    auto begun = self->tell_home({answer, [answer](client_core& core) { core.begin_close(answer); }});
    if (!begun) co_return ok(); // already finished
    const auto how = co_await answer->task->until(ctx.deadline());
    const bool late = ctx.deadline() <= ctx.loop().clock().now(); // with_deadline also cancels
    if (how != ending::woken && late)
        begun = self->tell_home({nullptr, [](client_core& core) { core.finish(core.closed_failure_); }});
    const std::lock_guard held(self->mutex_);
    error why = leave(*answer, how, false);
    if (why) co_return why;
    co_return ok();
}

void client_core::abandon() noexcept {
    try {
        bool never_connected = false;
        {
            const std::lock_guard held(mutex_);
            closed_ = true;
            never_connected = !outside_;
        }
        if (never_connected) return finish(closed_failure_);
        static_cast<void>(tell_home({nullptr, [](client_core& core) { core.finish(core.closed_failure_); }}));
    } catch (const std::bad_alloc&) {
        return; // the connection lasts until its loop ends
    }
}

client_stats client_core::stats() const {
    const std::lock_guard held(mutex_);
    return counts_;
}

} // namespace weir::mqtt::detail
