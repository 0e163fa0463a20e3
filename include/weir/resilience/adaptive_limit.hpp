// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/error.hpp>
#include <weir/resilience/detail/protected_call.hpp>

#include <boost/describe/class.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

/// The classes of traffic, in order of priority; the last one is shed first.
enum class traffic : std::uint8_t { critical, normal, batch };
inline constexpr std::size_t traffic_classes = 3;

/// The class's name: `critical`, `normal` or `batch`.
std::string_view name(traffic kind) noexcept;

/// What changed: the limit began to refuse calls, has refused none for a second, or measured that calls without
/// queueing take at least a quarter longer or shorter than before.
enum class adaptive_limit_change : std::uint8_t { refusing, recovered, min_latency };

struct adaptive_limit_event {
    adaptive_limit_change change{};
    double limit = 0;
    duration min_latency{};
};

struct adaptive_limit_options {
    std::size_t initial = 20; ///< the initial limit, within the bounds
    std::size_t min = 1;      ///< bounds of the limit: at least 1
    std::size_t max = 1000;
    double tolerance = 1.5; ///< how much longer than the minimum latency calls may take; 1 to 10
    std::size_t queue = 4;  ///< calls allowed to queue beyond that; at least the limit's square root
    duration window = std::chrono::milliseconds(100);  ///< the limit is adjusted once per window; at least 1 ms
    duration probe_interval = std::chrono::seconds(5); ///< between two measurements of the minimum latency
    duration least_latency =
        std::chrono::milliseconds(1);               ///< a shorter minimum counts as this: such waits are harmless
    duration retry_after = std::chrono::seconds(1); ///< in refusals; whole seconds
    std::function<void(const adaptive_limit_event&)>
        on_event{};                            ///< called on the calling thread; exceptions are ignored
    const weir::clock* time = &system_clock(); ///< must outlive the limit
};

// described, so that settings can contain them, as `overload: {max: 200}`
BOOST_DESCRIBE_STRUCT(adaptive_limit_options, (),
                      (initial, min, max, tolerance, queue, window, probe_interval, least_latency, retry_after))

struct traffic_stats {
    double share = 1; ///< the part of the limit that this class may use
    std::uint64_t admitted = 0;
    std::uint64_t refused = 0;
};

struct adaptive_limit_stats {
    double limit = 0;
    std::size_t in_flight = 0;
    duration latency{};     ///< mean of the last window, including waits
    duration min_latency{}; ///< without queueing; zero until measured
    std::uint64_t probes = 0;
    bool automatic = true;
    std::array<traffic_stats, traffic_classes> classes{};

    const traffic_stats& of(traffic kind) const noexcept { return classes[static_cast<std::size_t>(kind)]; }
};

/// Limits concurrent calls to a number derived from their latency: a gradient as in Netflix's concurrency-limits
/// (https://github.com/Netflix/concurrency-limits) relative to the minimum latency, which is measured every few seconds
/// with a lowered limit, as in BBR (https://queue.acm.org/detail.cfm?id=3022184). While calls of a higher class are
/// refused, the lower classes lose their share of the limit. Never waits. Process-wide; thread-safe.
///
///     weir::adaptive_limit limit;
///     if (auto permit = limit.try_acquire()) serve(), permit.done();
class adaptive_limit {
public:
    /// An admitted call. `done` ends it and counts its latency; the destructor ends it without. Empty if the call was
    /// refused. Must not outlive the limit.
    class [[nodiscard]] permit {
    public:
        permit() noexcept = default;
        permit(permit&& other) noexcept
            : of_(std::exchange(other.of_, nullptr)), began_(other.began_), waited_(other.waited_),
              epoch_(other.epoch_) {}
        permit& operator=(permit&& other) noexcept {
            permit taken(std::move(other));
            std::swap(of_, taken.of_);
            std::swap(began_, taken.began_);
            std::swap(waited_, taken.waited_);
            std::swap(epoch_, taken.epoch_);
            return *this;
        }
        ~permit() { ignore(); }

        explicit operator bool() const noexcept { return of_ != nullptr; }

        /// Ends the call and counts its latency.
        void done() noexcept {
            if (of_) std::exchange(of_, nullptr)->finish(*this);
        }
        /// Ends the call without counting its latency, for a call that was cancelled or refused elsewhere.
        void ignore() noexcept {
            if (of_) std::exchange(of_, nullptr)->release();
        }

    private:
        friend class adaptive_limit;
        permit(adaptive_limit& of, time_point began, duration waited, std::uint32_t epoch) noexcept
            : of_(&of), began_(began), waited_(waited), epoch_(epoch) {}

        adaptive_limit* of_ = nullptr;
        time_point began_{};
        duration waited_{};
        std::uint32_t epoch_ = 0;
    };

    /// Throws std::invalid_argument for an invalid option.
    explicit adaptive_limit(adaptive_limit_options options = {});
    ~adaptive_limit();
    adaptive_limit(const adaptive_limit&) = delete;
    adaptive_limit& operator=(const adaptive_limit&) = delete;

    /// Returns a permit, or an empty one if the class's share of the limit is used up. `waited` is how long the call
    /// has waited already, if known (for its loop, in a queue); it counts as queued calls ahead of this one.
    [[nodiscard]] permit try_acquire(traffic kind = traffic::normal, duration waited = {}) noexcept;

    /// Returns what `f` yields as a result, or `refusal()` without calling it. An error's latency doesn't count unless
    /// the error is errc::deadline_exceeded.
    template<class F>
    auto run(F&& f) {
        return run(traffic::normal, std::forward<F>(f));
    }
    template<class F>
    auto run(traffic kind, F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(*this, kind, std::forward<F>(f));
    }

    /// The error of refused calls: errc::unavailable with the code `overloaded` and a retry_after.
    const error& refusal() const noexcept { return refusal_; }

    /// Changes the bounds and moves the limit into them. Throws std::invalid_argument unless 1 <= min <= max.
    void set_bounds(std::size_t min, std::size_t max);
    /// Fixes the limit until `automatic()`. Throws std::invalid_argument for 0.
    void set_limit(std::size_t limit);
    /// Resumes adjusting the limit, from its present value.
    void automatic();

    adaptive_limit_stats stats() const;

private:
    struct impl;

    void finish(const permit& ended) noexcept;
    void release() noexcept;

    static bool counts(const error& failure) noexcept { return !failure || failure == errc::deadline_exceeded; }

    template<class F>
    static task<resilience::detail::call_result<F>> run_owned(adaptive_limit& by, traffic kind, F f) {
        permit held = by.try_acquire(kind);
        if (!held) co_return by.refusal();
        auto outcome = co_await resilience::detail::call(f);
        if (outcome || counts(outcome.error())) held.done();
        co_return outcome;
    }

    error refusal_;
    std::unique_ptr<impl> impl_;
};

} // namespace weir
