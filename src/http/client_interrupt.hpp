// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <functional>
#include <optional>

namespace weir::http {

/// How a call is ended from outside: by its deadline or by cancellation. Whatever the call waits for
/// registers how that wait is cut short. Loop-local.
class client_interrupt {
public:
    /// Why the call has to end; no error while it may go on.
    const error& reason() const noexcept { return reason_; }

    void raise(error why) {
        if (reason_) return;
        reason_ = std::move(why);
        if (cut_) cut_();
    }

    /// `cut` is called at most once, at once when the call was already told to end.
    void on_raise(std::function<void()> cut) {
        cut_ = std::move(cut);
        if (reason_ && cut_) cut_();
    }

private:
    error reason_;
    std::function<void()> cut_;
};

/// Runs work to its end without passing cancellation into it: the deadline and the caller's cancellation
/// raise `stop` instead, upon which the work has to end soon.
task<void> run_interruptible(time_point deadline, client_interrupt& stop, task<void> work);

} // namespace weir::http
