// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <functional>
#include <list>
#include <string>
#include <string_view>

namespace weir {

/// What a lifecycle reports: a step began, ended, failed, or was cut at its deadline.
struct lifecycle_event {
    enum class what : std::uint8_t { starting, started, stopping, stopped, failed, cut };
    what kind = what::starting;
    std::string_view part{};
    duration took{};
    error failure{};
};

/// One part of a service: how it starts and how it stops, each with its own deadline; `duration::max()` is none.
struct lifecycle_part {
    std::string name{};
    std::function<task<result<void>>()> start{}; ///< may be empty
    std::function<task<result<void>>()> stop{};  ///< may be empty
    duration start_deadline = std::chrono::seconds(30);
    duration stop_deadline = std::chrono::seconds(10);
};

/// Starts parts in the order they were added and stops in reverse those that have started; one without a start has
/// started when its turn comes. A step past its deadline is cancelled and reported as cut; the next one goes ahead when
/// it has ended, and `patience` later in any case: the step is left behind then. Belongs to one loop.
class lifecycle {
public:
    /// How long a cancelled step has to end.
    static constexpr duration patience = std::chrono::seconds(1);

    using observer = std::function<void(const lifecycle_event&)>;

    explicit lifecycle(observer report = {}) : report_(std::move(report)) {}

    /// Adds a part, also from inside a step. What a start step adds comes right behind it: a part with a start is
    /// the next to start, and one without has started already, so that it stops even if that step fails. Once
    /// the start is over only parts without a start may come; others throw std::logic_error.
    void add(lifecycle_part part);

    /// Starts one part after the other, once; up to the first that fails, whose error it returns. errc::cancelled
    /// after `cancel_start()`. In both cases `stop()` is still to be called, for those that had started.
    task<result<void>> start();

    /// Ends the start: the step that is under way is cancelled, and no other one begins.
    void cancel_start();

    /// Stops what has started; whether every part stopped in time and without an error.
    task<bool> stop();

    /// What `stop()` takes at most, unless a step blocks the loop; `duration::max()` where a stop has no deadline.
    duration stop_time() const noexcept;

    /// Steps left behind, which may still run: what they use must not be destroyed.
    std::size_t left() const noexcept { return left_; }

private:
    enum class phase : std::uint8_t { made, starting, cancelled, started };

    struct entry {
        lifecycle_part part;
        bool started = false;
    };

    task<result<void>> step(const lifecycle_part& part, bool starting);
    void report(lifecycle_event event) const;
    entry* last_started() noexcept;

    std::list<entry> parts_;                         // whose elements stay where they are while steps add others
    std::list<entry>::iterator next_ = parts_.end(); // where the start goes on, and what its step adds stands before
    phase phase_ = phase::made;
    std::function<void()> cancel_step_; // of the start step that is under way
    std::size_t left_ = 0;
    observer report_;
};

} // namespace weir
