// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::resilience::detail {

struct call_outcome {
    bool failed = false;
    bool slow = false;
};

struct call_counts {
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    std::uint64_t slow = 0;
};

/// The outcomes of the last calls, limited by number or by time. A ring of buckets with their sum, after Resilience4j's
/// sliding windows: a window of calls has one bucket per call; a window of time has 60 buckets, so it drops up to a
/// sixtieth of its time at once. Recording is O(1). Not thread-safe.
class outcome_window {
public:
    static constexpr std::size_t time_buckets = 60;

    static outcome_window of_calls(std::size_t calls) { return {calls, duration::zero()}; }
    static outcome_window of_time(duration length) {
        const duration width = length / static_cast<duration::rep>(time_buckets);
        return {time_buckets, std::max(width, duration(1))};
    }

    bool reads_clock() const noexcept { return width_ > duration::zero(); }

    /// Records an outcome. `now` matters only for a window of time; an earlier time than the last counts in the newest
    /// bucket.
    void record(call_outcome one, time_point now) noexcept {
        if (reads_clock())
            move_to(now);
        else
            step();
        add(buckets_[at_], one);
        add(sum_, one);
    }

    const call_counts& counts(time_point now) noexcept {
        if (reads_clock()) move_to(now);
        return sum_;
    }

    void clear() noexcept {
        std::ranges::fill(buckets_, bucket{});
        sum_ = {};
    }

private:
    struct bucket {
        std::uint32_t calls = 0;
        std::uint32_t failures = 0;
        std::uint32_t slow = 0;
    };

    outcome_window(std::size_t buckets, duration width) : buckets_(buckets), width_(width) {}

    template<class Counts>
    static void add(Counts& to, call_outcome one) noexcept {
        to.calls += 1;
        to.failures += one.failed ? 1 : 0;
        to.slow += one.slow ? 1 : 0;
    }

    // Turns the oldest bucket into the newest one.
    void step() noexcept {
        at_ = at_ + 1 == buckets_.size() ? 0 : at_ + 1;
        bucket& oldest = buckets_[at_];
        sum_.calls -= oldest.calls;
        sum_.failures -= oldest.failures;
        sum_.slow -= oldest.slow;
        oldest = {};
    }

    void move_to(time_point now) noexcept {
        if (now < bucket_end_) return;
        const duration over = now - bucket_end_;
        const auto passed = static_cast<std::uint64_t>(over / width_) + 1;
        for (std::uint64_t left = std::min<std::uint64_t>(passed, buckets_.size()); left > 0; --left) step();
        bucket_end_ = weir::detail::later(now - over % width_, width_);
    }

    std::vector<bucket> buckets_;
    std::size_t at_ = 0;
    duration width_;          // of a bucket; 0 in a window of calls
    time_point bucket_end_{}; // of the newest bucket
    call_counts sum_{};
};

} // namespace weir::resilience::detail
