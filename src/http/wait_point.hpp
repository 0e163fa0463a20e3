// SPDX-License-Identifier: MIT
#pragma once

#include "core/resume_slot.hpp"
#include <weir/core/task.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>

namespace weir::http::detail {

inline bool cancelled(const boost::asio::cancellation_state& state) noexcept {
    return state.cancelled() != boost::asio::cancellation_type::none;
}

/// Where one coroutine at a time waits for its connection. Belongs to one loop; outlives who waits.
class wait_point {
public:
    /// Suspends until `wake()` or cancellation; the caller looks for itself what has changed.
    task<void> wait() {
        auto start = [this](auto handler) { store(std::move(handler)); };
        return boost::asio::async_initiate<const boost::asio::use_awaitable_t<executor>, void()>(start, use_task);
    }

    /// Resumes who waits, if anybody does.
    void wake() {
        if (!waiting_) return;
        slot_.clear();
        slot_ = {};
        waiting_.resume();
    }

    explicit operator bool() const noexcept { return static_cast<bool>(waiting_); }

private:
    template<class Handler>
    void store(Handler handler) {
        slot_ = boost::asio::get_associated_cancellation_slot(handler);
        waiting_.store(std::move(handler));
        if (slot_.is_connected()) slot_.assign([this](boost::asio::cancellation_type) { wake(); });
    }

    weir::detail::resume_slot waiting_;
    boost::asio::cancellation_slot slot_;
};

} // namespace weir::http::detail
