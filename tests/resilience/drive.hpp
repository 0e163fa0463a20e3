// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace test_support {

/// A task running on a loop with a manual clock, while the test advances the clock and inspects it.
template<class T>
class started {
public:
    started(weir::loop& home, weir::task<T> work, weir::time_point deadline = weir::time_point::max())
        : home_(home), ctx_(home) {
        ctx_.set_deadline(deadline);
        home.spawn(keep(std::move(work), outcome_), ctx_, cancel_, [this](std::exception_ptr thrown) {
            failure_ = thrown;
            ended_ = true;
        });
        home.poll();
    }
    started(const started&) = delete;
    started& operator=(const started&) = delete;

    bool ended() const { return ended_; }
    bool threw() const { return failure_ != nullptr; }
    const T& outcome() const { return outcome_.value(); }
    weir::context& context() { return ctx_; }

    void cancel() {
        cancel_.emit(boost::asio::cancellation_type::total);
        home_.poll();
    }

private:
    static weir::task<void> keep(weir::task<T> work, std::optional<T>& in) {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        in.emplace(co_await std::move(work));
    }

    weir::loop& home_;
    weir::context ctx_;
    boost::asio::cancellation_signal cancel_;
    std::optional<T> outcome_;
    std::exception_ptr failure_;
    bool ended_ = false;
};

} // namespace test_support
