// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/context.hpp>
#include <weir/core/result.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <type_traits>
#include <utility>

namespace weir {

namespace detail {

// A pointer to a context; with Counts it also holds the context and so keeps it alive.
template<bool Counts>
class context_pointer {
public:
    explicit context_pointer(weir::context& at) noexcept : at_(&at) {}
    weir::context& operator*() const noexcept { return *at_; }

private:
    weir::context* at_;
};

template<>
class context_pointer<true> {
public:
    explicit context_pointer(weir::context& at) noexcept : at_(&at) { at_->hold(); }
    context_pointer(const context_pointer& other) noexcept : context_pointer(*other.at_) {}
    context_pointer& operator=(const context_pointer& other) noexcept { // NOLINT(bugprone-unhandled-self-assignment)
        other.at_->hold();
        std::exchange(at_, other.at_)->drop();
        return *this;
    }
    ~context_pointer() { at_->drop(); }

    weir::context& operator*() const noexcept { return *at_; }

private:
    weir::context* at_;
};

// Whether an executor keeps its loop running. Asio makes such an executor for each operation and spawned task that
// isn't over yet.
template<class Inner>
inline constexpr bool tracks_work =
    std::is_same_v<std::decay_t<typename boost::asio::require_result<
                       const Inner&, boost::asio::execution::outstanding_work_t::tracked_t>::type>,
                   Inner>;

} // namespace detail

/// A loop's Asio executor together with a context; every task runs on one. It forwards all properties, so Asio's
/// operations and sockets accept it like their own. Holds two pointers; compares by loop. A task spawned on a request's
/// executor keeps the request's context until it ends, even if that is after the request.
template<class Inner>
class basic_executor {
public:
    basic_executor(Inner inner, weir::context& ctx) noexcept : inner_(std::move(inner)), context_(ctx) {}

    weir::context& context() const noexcept { return *context_; }
    const Inner& inner() const noexcept { return inner_; }

    template<class F>
    void execute(F&& f) const {
        inner_.execute(std::forward<F>(f));
    }

    template<class P>
        requires boost::asio::can_query_v<const Inner&, P>
    auto query(const P& property) const noexcept -> decltype(auto) { return boost::asio::query(inner_, property); }

    template<class P>
        requires boost::asio::can_require_v<const Inner&, P>
    auto require(const P& property) const noexcept { return rebind(boost::asio::require(inner_, property)); }

    template<class P>
        requires boost::asio::can_prefer_v<const Inner&, P>
    auto prefer(const P& property) const noexcept { return rebind(boost::asio::prefer(inner_, property)); }

    friend bool operator==(const basic_executor& a, const basic_executor& b) noexcept { return a.inner_ == b.inner_; }
    friend bool operator!=(const basic_executor& a, const basic_executor& b) noexcept { return !(a == b); }

private:
    template<class Other>
    basic_executor<std::decay_t<Other>> rebind(Other&& other) const noexcept {
        return {std::forward<Other>(other), *context_};
    }

    Inner inner_;
    detail::context_pointer<detail::tracks_work<Inner>> context_;
};

using executor = basic_executor<boost::asio::io_context::executor_type>;

/// A coroutine on a loop. It is lazy: it starts when awaited, on the awaiting task's loop. Asio's operations compose
/// with it. A task that can fail returns `task<result<T>>`; cancellation is reported as errc::cancelled.
///
/// g++ 12 destroys some temporaries of a full expression with co_await twice: name lambdas with owning
/// captures, aggregates and `?:` results before awaiting (CONTRIBUTING.md lists the safe forms).
template<class T = void>
using task = boost::asio::awaitable<T, executor>;

/// `co_await weir::this_task` yields the task's executor, which has the `.context()`.
inline constexpr boost::asio::this_coro::executor_t this_task{};

/// Completion token that makes an Asio operation awaitable in a task.
inline constexpr boost::asio::use_awaitable_t<executor> use_task{};

template<class T>
inline constexpr bool is_task = false;
template<class T>
inline constexpr bool is_task<task<T>> = true;

/// The value type of a task, or T itself if it isn't a task.
template<class T>
struct task_value {
    using type = T;
};
template<class T>
struct task_value<task<T>> {
    using type = T;
};
template<class T>
using task_value_t = typename task_value<T>::type;

/// A callable that survives g++ 12's handling of temporaries when the call is awaited in the same
/// expression: a named object, or a closure without owning captures.
template<class F>
concept awaitable_call = std::is_lvalue_reference_v<F> || std::is_trivially_copyable_v<std::remove_reference_t<F>>;

} // namespace weir
