// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/observe/log.hpp>

namespace weir::http::detail {

/// Writes down what a task or a callback of a server's loop has thrown: to the log, or to stderr where there is none.
void report_uncaught(const logger& log, const error& thrown) noexcept;

/// Calls `f`, which runs a loop, until it comes back by itself: an exception is one task's, and the others have nothing
/// to do with it.
template<class F>
void through_exceptions(const logger& log, F f) noexcept {
    for (;;) {
        try {
            f();
            return;
        } catch (...) {
            report_uncaught(log, current_error());
        }
    }
}

} // namespace weir::http::detail
