// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/error.hpp>
#include <weir/resilience/protected_call.hpp>

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

/// The classes of traffic, the one that is shed last first.
enum class traffic : std::uint8_t { critical, normal, batch };
inline constexpr std::size_t traffic_classes = 3;

/// `critical`, `normal` or `batch`.
std::string_view name(traffic kind) noexcept;

/// What changed: an adaptive_limit begins to refuse, has refused nothing for a second, or has found that calls take
/// longer or shorter than before (by a quarter at least) when nothing waits.
enum class adaptive_limit_change : std::uint8_t { refusing, recovered, min_latency };

struct adaptive_limit_event {
    adaptive_limit_change change{};
    double limit = 0;
    duration min_latency{};
};

struct adaptive_limit_options {
    std::size_t initial = 20; ///< the limit at first, within the bounds
    std::size_t min = 1;      ///< the limit's bounds: at least 1
    std::size_t max = 1000;
    double tolerance = 1.5; ///< how many times the least latency calls may take; 1 to 10
    std::size_t queue = 4;  ///< calls that may wait beyond that; the limit's square root where that is more
    duration window = std::chrono::milliseconds(100);      ///< the limit moves once in each; at least 1 ms
    duration probe_interval = std::chrono::seconds(5);     ///< from one search for the least latency to the next
    duration least_latency = std::chrono::milliseconds(1); ///< a shorter one counts as this: no wait worth refusing for
    duration retry_after = std::chrono::seconds(1);        ///< what a refusal says; whole seconds
    std::function<void(const adaptive_limit_event&)> on_event{}; ///< on the calling thread; what it throws is dropped
    const weir::clock* time = &system_clock();                   ///< outlives the limit
};

// so that settings may hold them, as `overload: {max: 200}`
BOOST_DESCRIBE_STRUCT(adaptive_limit_options, (),
                      (initial, min, max, tolerance, queue, window, probe_interval, least_latency, retry_after))

struct traffic_stats {
    double share = 1; ///< of the limit, that this class may fill
    std::uint64_t admitted = 0;
    std::uint64_t refused = 0;
};

struct adaptive_limit_stats {
    double limit = 0;
    std::size_t in_flight = 0;
    duration latency{};     ///< the mean of the last window, waits included
    duration min_latency{}; ///< when nothing waits; zero until it is known
    std::uint64_t probes = 0;
    bool automatic = true;
    std::array<traffic_stats, traffic_classes> classes{};

    const traffic_stats& of(traffic kind) const noexcept { return classes[static_cast<std::size_t>(kind)]; }
};

/// Limits how many calls run at a time, to the number that it finds from their latency: a gradient as in Netflix's
/// concurrency-limits (https://github.com/Netflix/concurrency-limits), against the least latency, which it measures
/// again every few seconds with a lower limit, as BBR does (https://queue.acm.org/detail.cfm?id=3022184). While a
/// better class is refused, the worse ones lose their share of the limit. Never waits. Process-wide; thread-safe.
///
///     weir::adaptive_limit limit;
///     if (auto permit = limit.try_acquire()) serve(), permit.done();
class adaptive_limit {
public:
    /// One admitted call: ends with `done`, which counts its latency, or by itself, which doesn't. Doesn't outlive the
    /// limit. Empty where the call was refused.
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

        /// The call has ended as calls do: its latency counts.
        void done() noexcept {
            if (of_) std::exchange(of_, nullptr)->finish(*this);
        }
        /// It has ended otherwise, cancelled or refused by another: its latency says nothing.
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

    /// Throws std::invalid_argument for an option that makes no sense.
    explicit adaptive_limit(adaptive_limit_options options = {});
    ~adaptive_limit();
    adaptive_limit(const adaptive_limit&) = delete;
    adaptive_limit& operator=(const adaptive_limit&) = delete;

    /// A permit, or an empty one where the class's share of the limit is taken. `waited` is how long the call has
    /// waited already where that is known (for its loop, in a queue): it counts as calls that are ahead of it.
    [[nodiscard]] permit try_acquire(traffic kind = traffic::normal, duration waited = {}) noexcept;

    /// Yields what `f` yields as a result, or `refusal()` without calling it. An error counts as no latency, unless it
    /// is errc::deadline_exceeded.
    template<class F>
    auto run(F&& f) {
        return run(traffic::normal, std::forward<F>(f));
    }
    template<class F>
    auto run(traffic kind, F&& f) {
        static_assert(awaitable_call<F>, "name this lambda before awaiting it, or capture by reference");
        return run_owned<std::decay_t<F>>(*this, kind, std::forward<F>(f));
    }

    /// What refused calls are answered: errc::unavailable, with the code `overloaded` and a retry_after.
    const error& refusal() const noexcept { return refusal_; }

    /// Moves the bounds, and the limit into them. Throws std::invalid_argument unless 1 <= min <= max.
    void set_bounds(std::size_t min, std::size_t max);
    /// Holds the limit there, whatever latency does, until `automatic()`. Throws std::invalid_argument for 0.
    void set_limit(std::size_t limit);
    /// Goes on from the present limit by latency.
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
