// SPDX-License-Identifier: MIT
#pragma once

#include <weir/resilience/detail/protected_call.hpp>
#include <weir/resilience/detail/sharded_counts.hpp>
#include <weir/resilience/last_good.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace weir {

/// A call failed and a substitute for its result was tried.
struct fallback_event {
    error failure{}; ///< the call's error
    error instead{}; ///< the substitute's error; no error if it succeeded
};

struct fallback_options {
    /// Which errors are covered; default: unavailable, deadline_exceeded and resource_exhausted.
    std::function<bool(const error&)> covers{};
    std::function<void(const fallback_event&)> on_event{}; ///< called on the call's loop; exceptions are ignored
};

struct fallback_stats {
    std::uint64_t calls = 0;
    std::uint64_t used = 0;   ///< calls whose result was substituted
    std::uint64_t failed = 0; ///< calls whose substitute failed
};

namespace resilience::detail {

template<class T>
struct is_last_good : std::false_type {};
template<class T>
struct is_last_good<last_good<T>> : std::true_type {};

// The value type of a fallback made from a value, a function of the error, or a last_good.
template<class From>
struct fallback_value {
    using type = From;
};
template<class T>
struct fallback_value<last_good<T>> {
    using type = T;
};
template<std::invocable<const error&> From>
struct fallback_value<From> {
    using type = typename as_result<task_value_t<std::invoke_result_t<From&, const error&>>>::type::value_type;
};

// The part of a fallback that doesn't depend on its value type.
class fallback_record {
public:
    explicit fallback_record(fallback_options options) : options_(std::move(options)) {}

    void begin() noexcept { counts_.add(calls); }
    bool covers(const error& failed) const;
    void note(const error& failed, const error& instead) noexcept;
    fallback_stats stats() const noexcept;

private:
    enum counted : std::size_t { calls, used, failed };

    const fallback_options options_;
    sharded_counts counts_;
};

} // namespace resilience::detail

/// Substitutes the result of a failed call: with a value, a function of the error (which may be a coroutine and may
/// fail), or the last good result, which it records. Returns the substitute or its error; returns the call's own error
/// if there is no substitute or the error isn't covered. A function's exceptions become errors; exceptions of `covers`
/// propagate from run(). Process-wide, and thread-safe if its function is; must outlive its calls.
///
///     weir::fallback guest(session{"guest"});
///     auto found = co_await guest.run([&] { return wechat.code2session(code); });
template<class T>
class fallback {
public:
    /// For calls that pass their own substitute.
    explicit fallback(fallback_options options = {}) : record_(std::move(options)) {}
    template<class From>
        requires(!std::same_as<std::decay_t<From>, fallback_options>)
    explicit fallback(From&& from, fallback_options options = {}) : record_(std::move(options)) {
        using given = std::decay_t<From>;
        if constexpr (resilience::detail::is_last_good<given>::value)
            last_ = &from;
        else if constexpr (std::invocable<given&, const error&>)
            substitute_ = [f = std::forward<From>(from)](error failed) mutable { return ask(f, std::move(failed)); };
        else
            substitute_ = [value = T(std::forward<From>(from))](error) { return copy(value); };
    }
    fallback(const fallback&) = delete;
    fallback& operator=(const fallback&) = delete;

    /// Returns what `f` yields, which must be of type T, or the substitute. `f` is called once, on the awaiting loop;
    /// cancellation is passed to it and isn't covered.
    template<class F>
    auto run(F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        static_assert(std::same_as<resilience::detail::call_result<std::decay_t<F>>, result<T>>,
                      "the call and its fallback yield values of the same type");
        return run_owned<std::decay_t<F>>(*this, std::forward<F>(f));
    }

    /// The same with a substitute for this call only: a value, or a function of the error. A last_good can only be
    /// passed to the constructor.
    template<class F, class From>
    auto run(F&& f, From&& instead) {
        static_assert(
            awaitable_call<F> && awaitable_call<From>, "name this lambda before awaiting it, or capture by reference");
        static_assert(std::same_as<resilience::detail::call_result<std::decay_t<F>>, result<T>>,
                      "the call and its fallback yield values of the same type");
        return run_with<std::decay_t<F>, std::decay_t<From>>(*this, std::forward<F>(f), std::forward<From>(instead));
    }

    fallback_stats stats() const noexcept { return record_.stats(); }

private:
    static constexpr bool keeps = std::copy_constructible<T>; // false for move-only types and void

    template<class F>
    static task<result<T>> run_owned(fallback& self, F f) {
        self.record_.begin();
        auto outcome = co_await resilience::detail::call(f);
        if (outcome) {
            self.keep(outcome);
            co_return outcome;
        }
        if (!self.record_.covers(outcome.error())) co_return outcome;
        auto instead = co_await self.stand_in(outcome.error());
        co_return self.noted(outcome.error(), std::move(instead));
    }

    template<class F, class From>
    static task<result<T>> run_with(fallback& self, F f, From instead) {
        self.record_.begin();
        auto outcome = co_await resilience::detail::call(f);
        if (outcome || !self.record_.covers(outcome.error())) co_return outcome;
        auto made = co_await made_by(instead, outcome.error());
        co_return self.noted(outcome.error(), std::move(made));
    }

    result<T> noted(const error& failed, result<T> instead) {
        record_.note(failed, instead ? error() : instead.error());
        return instead;
    }

    template<class From>
    static task<result<T>> made_by(From& from, error failed) {
        if constexpr (std::invocable<From&, const error&>)
            return ask(from, std::move(failed));
        else
            return copy(from);
    }

    task<result<T>> stand_in(const error& failed) {
        if constexpr (keeps)
            if (last_) return find_last(*last_, failed);
        return substitute_ ? substitute_(failed) : copy(failed);
    }

    template<class F>
    static task<result<T>> ask(F& f, error failed) {
        auto bound = [&f, &failed]() -> decltype(auto) { return f(std::as_const(failed)); };
        co_return co_await resilience::detail::call(bound);
    }
    template<class Value>
    static task<result<T>> copy(const Value& value) {
        co_return value;
    }
    static task<result<T>> find_last(const last_good<T>& last, error failed) {
        const auto found = last.find();
        if (!found) co_return failed;
        co_return *found;
    }

    // Records a good result. A failure to store it doesn't affect the call.
    void keep(const result<T>& outcome) noexcept {
        if constexpr (keeps) {
            if (!last_) return;
            try {
                last_->store(*outcome);
            } catch (...) {
                return;
            }
        }
    }

    resilience::detail::fallback_record record_;
    last_good<T>* last_ = nullptr;
    std::function<task<result<T>>(error)> substitute_;
};

template<class From>
fallback(From&&, fallback_options = {})
    -> fallback<typename resilience::detail::fallback_value<std::decay_t<From>>::type>;

} // namespace weir
