// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <functional>
#include <list>
#include <string>
#include <string_view>

namespace weir {

/// An event of a lifecycle: a step began, ended, failed, or was cut off at its deadline.
struct lifecycle_event {
    enum class what : std::uint8_t { starting, started, stopping, stopped, failed, cut };
    what kind = what::starting;
    std::string_view part{};
    duration took{};
    error failure{};
};

/// One part of a service: how it starts and how it stops, each with a deadline; `duration::max()` means none.
struct lifecycle_part {
    std::string name{};
    std::function<task<result<void>>()> start{}; ///< may be empty
    std::function<task<result<void>>()> stop{};  ///< may be empty
    duration start_deadline = std::chrono::seconds(30);
    duration stop_deadline = std::chrono::seconds(10);
};

/// Starts parts in the order they were added, and stops the started ones in reverse order. A part without a start
/// function counts as started when its turn comes. A step past its deadline is cancelled and reported as cut; the next
/// one begins when it has ended, or after `patience`, in which case the step is abandoned. Belongs to one loop.
class lifecycle {
public:
    /// How long a cancelled step may take to end.
    static constexpr duration patience = std::chrono::seconds(1);

    using observer = std::function<void(const lifecycle_event&)>;

    explicit lifecycle(observer report = {}) : report_(std::move(report)) {}

    /// Adds a part; may be called from inside a step. A part added by a start step comes right after that step's part:
    /// with a start function it starts next, without one it counts as started already and is stopped even if the step
    /// fails. After the start only parts without a start function may be added; others throw std::logic_error.
    void add(lifecycle_part part);

    /// Starts the parts one after another and returns the error of the first that fails, or errc::cancelled after
    /// `cancel_start()`. Call once. After a failure `stop()` must still be called for the parts that had started.
    task<result<void>> start();

    /// Cancels the start step in progress and begins no other.
    void cancel_start();

    /// Stops the started parts; returns whether each stopped in time and without an error.
    task<bool> stop();

    /// The longest time that `stop()` takes unless a step blocks the loop; `duration::max()` if a stop has no deadline.
    duration stop_time() const noexcept;

    /// The number of abandoned steps, which may still run: don't destroy what they use.
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

    std::list<entry> parts_;                         // a list: its elements keep their address while steps add others
    std::list<entry>::iterator next_ = parts_.end(); // the next part to start; a step inserts its parts before it
    phase phase_ = phase::made;
    std::function<void()> cancel_step_; // cancels the start step in progress
    std::size_t left_ = 0;
    observer report_;
};

} // namespace weir
