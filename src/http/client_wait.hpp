// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace weir::http {

/// A suspended coroutine that somebody else resumes with a value. Loop-local.
template<class T>
class client_wait {
public:
    virtual ~client_wait() = default;

    /// Resumes it, by way of its loop; only the first time counts.
    virtual void end(T value) = 0;
    virtual bool ended() const noexcept = 0;
};

namespace detail {

template<class T, class Handler>
class wait_of final : public client_wait<T> {
public:
    explicit wait_of(Handler waiting) : waiting_(std::move(waiting)) {}

    void end(T value) override {
        if (!waiting_) return;
        auto resume = std::move(*waiting_);
        waiting_.reset();
        const auto where = boost::asio::get_associated_executor(resume);
        boost::asio::post(where, [resume = std::move(resume), value = std::move(value)]() mutable {
            std::move(resume)(std::move(value));
        });
    }
    bool ended() const noexcept override { return !waiting_; }

private:
    std::optional<Handler> waiting_;
};

} // namespace detail

/// Suspends until the wait that `begin` is given, as a
/// shared_ptr<client_wait<T>>, has been ended.
template<class T, class Begin>
task<T> suspend_with(Begin& begin) {
    auto start = [&begin](auto handler) {
        begin(std::make_shared<detail::wait_of<T, decltype(handler)>>(std::move(handler)));
    };
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<executor>, void(T)>(start, use_task);
}

} // namespace weir::http
