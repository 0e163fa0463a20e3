// SPDX-License-Identifier: MIT
// The session's deadlines, and what a stopping server shortens them to.
#include "http/message/framework_errors.hpp"
#include "http/server/pace.hpp"
#include "http/server/scratch_use.hpp"
#include "http/server/session.hpp"

#include <algorithm>

namespace weir::http::detail {

void session::tick(time_point now) {
    if (writing() && !taking_.keeps_up(now, wire_.untaken(), host_.limits)) return wire_.abort();
    if (state_ == state::idle) release_idle_memory(now);
    if (now < deadline_ || state_ >= state::streaming) return;
    if (state_ == state::handling && task_->awaits_body()) return fail_late_body();
    if (state_ != state::handling && writing()) return;
    deadline_passed();
}

void session::deadline_passed() {
    const scratch_use use(host_);
    if (state_ == state::idle)
        close(state::closing_idle);
    else if (state_ == state::handling)
        answer_timeout();
    else
        refuse(408, "the request took too long to arrive", known_request());
    flush();
}

// Fails the pending body read with 408; the handler may still respond.
void session::fail_late_body() {
    reader_.streamed()->fail(framework_error(408, "the body took too long to arrive"));
    notify_reader();
}

void session::drain() {
    whole_by_ = deadline_;
    if (state_ <= state::body) deadline_ = std::min(deadline_, grace_end());
    if (state_ == state::handling && task_->awaits_body()) deadline_ = std::min(deadline_, grace_end());
    if (state_ == state::streaming) cancel_endless();
}

// The time at which a stop gives up on an incomplete request that sends nothing more.
time_point session::grace_end() const noexcept {
    return weir::detail::later(host_.home.now(), host_.limits.drain_grace);
}

// During a stop, each piece of an incomplete request restarts the grace, within the request's own deadline.
void session::extend_grace() {
    if (host_.draining && reads_request()) deadline_ = std::min(whole_by_, grace_end());
}

// Excludes the time in which output waited: nothing was read meanwhile.
void session::extend_deadline() {
    deadline_ += host_.home.now() - taking_.begun();
    if (host_.draining && awaits_request()) deadline_ = std::min(deadline_, grace_end());
}

// After a second without a request, a connection owns no buffer and no coroutine.
void session::release_idle_memory(time_point now) {
    if (now < deadline_ - host_.limits.idle_time + std::chrono::seconds(1)) return;
    reader_.release_idle_memory();
    if (task_) task_->orphan();
    task_.reset();
}

time_point session::body_deadline() const noexcept {
    const duration earned = earned_time(reader_.streamed()->received(), host_.limits.body_rate);
    const time_point at =
        weir::detail::later(task_->req().started(), weir::detail::sum(host_.limits.body_time, earned));
    return host_.draining ? std::min(at, grace_end()) : at;
}

duration session::handler_time(const route& matched) const noexcept {
    return matched.limits.handler_time != duration::zero() ? matched.limits.handler_time : host_.limits.handler_time;
}

} // namespace weir::http::detail
