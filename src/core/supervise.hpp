// SPDX-License-Identifier: MIT
#pragma once

#include "core/suspend_on_loop.hpp"
#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>

namespace weir::detail {

/// The state of work that runs beside its waiter, which may abandon it.
struct supervised {
    bool ended = false;
    bool late = false;
    std::exception_ptr failure{};
    boost::asio::cancellation_signal cancel{};
    loop::timer_id deadline = 0;
    loop::timer_id patience = 0;
    std::shared_ptr<loop_waiter<std::shared_ptr<supervised>>> waiter{}; // null once it has resumed
    std::optional<context> inner{};                                     // the work's own context, if it has one
};
using supervision = std::shared_ptr<supervised>;

/// Limits on the work's duration.
struct supervision_terms {
    time_point deadline = time_point::max(); ///< the work is cancelled then
    duration patience = duration::max();     ///< time to end after a cancellation; then the work is abandoned
    std::function<void()>* cancel = nullptr; ///< set to a function that cancels the work
    bool shows_deadline = false;             ///< gives the work a context with this deadline
};

/// Runs the work, cancels it at its deadline or with the waiter, and waits for its end within the limits of its terms.
task<supervision> supervise(supervision_terms terms, task<void> work);

} // namespace weir::detail
