// SPDX-License-Identifier: MIT
#pragma once

#include "core/resume_slot.hpp"
#include <weir/core/task.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <utility>

namespace weir::detail {

inline bool cancelled(const boost::asio::cancellation_state& state) noexcept {
    return state.cancelled() != boost::asio::cancellation_type::none;
}

/// Suspends one coroutine at a time until other code of its loop wakes it; never allocates. Belongs to one loop.
/// Holds the suspended coroutine, so it must not be a local of a coroutine that may wait forever.
class event {
public:
    /// Suspends until `wake()` or cancellation; the caller then checks what has changed.
    task<void> wait() {
        auto start = [this](auto handler) {
            slot_ = boost::asio::get_associated_cancellation_slot(handler);
            waiting_.store(std::move(handler));
            if (slot_.is_connected()) slot_.assign([this](boost::asio::cancellation_type) { wake(); });
        };
        return boost::asio::async_initiate<const boost::asio::use_awaitable_t<executor>, void()>(start, use_task);
    }
    /// Suspends until `wake()`, also when the coroutine is cancelled.
    task<void> wait_uninterrupted() {
        auto start = [this](auto handler) { waiting_.store(std::move(handler)); };
        return boost::asio::async_initiate<const boost::asio::use_awaitable_t<executor>, void()>(start, use_task);
    }

    /// Resumes the waiting coroutine, if there is one, within the call.
    void wake() {
        if (!waiting_) return;
        slot_.clear();
        slot_ = {};
        waiting_.resume();
    }

    /// As `wake`, but resumes the coroutine in a later turn of its loop.
    void wake_later() {
        if (!waiting_) return;
        slot_.clear();
        slot_ = {};
        waiting_.post();
    }

    /// Whether a coroutine is waiting.
    explicit operator bool() const noexcept { return static_cast<bool>(waiting_); }

private:
    resume_slot waiting_;
    boost::asio::cancellation_slot slot_;
};

} // namespace weir::detail
