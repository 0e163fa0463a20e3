// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// What a lifecycle reports: a step began, ended, failed, or was cut at its deadline.
struct lifecycle_event {
    enum class what : std::uint8_t { starting, started, stopping, stopped, failed, cut };
    what kind = what::starting;
    std::string_view part{};
    duration took{};
    error failure{};
};

/// One part of a service: how it starts and how it stops, each with its own deadline.
struct lifecycle_part {
    std::string name{};
    std::function<task<result<void>>()> start{}; ///< may be empty
    std::function<task<result<void>>()> stop{};  ///< may be empty
    duration start_deadline = std::chrono::seconds(30);
    duration stop_deadline = std::chrono::seconds(10);
};

/// Starts parts in the order they were added and stops them in reverse. A part that fails to start
/// stops those that had started. A step past its deadline is cancelled and reported as cut; the next one goes
/// ahead when it has ended, and `patience` later in any case: the step is left behind then. Belongs to one loop.
class lifecycle {
public:
    /// How long a cancelled step has to end.
    static constexpr duration patience = std::chrono::seconds(1);

    using observer = std::function<void(const lifecycle_event&)>;

    explicit lifecycle(observer report = {}) : report_(std::move(report)) {}

    void add(lifecycle_part part) { parts_.push_back(std::move(part)); }

    /// errc of the first part that failed, after the others were stopped again.
    task<result<void>> start();

    /// Stops what has started; whether every part stopped in time and without an error.
    task<bool> stop();

    /// What `stop()` takes at most, unless a step blocks the loop.
    duration stop_time() const noexcept;

    /// Steps left behind, which may still run: what they use must not be destroyed.
    std::size_t left() const noexcept { return left_; }

private:
    task<result<void>> step(const lifecycle_part& part, bool starting);
    void tell(lifecycle_event event) const;

    std::vector<lifecycle_part> parts_;
    std::size_t started_ = 0;
    std::size_t left_ = 0;
    observer report_;
};

/// Runs work with a deadline of its own: at the deadline the work is cancelled, and once it has ended the
/// result is errc::deadline_exceeded. Never leaves before the work has ended.
task<result<void>> with_deadline(time_point at, task<result<void>> work);

} // namespace weir
