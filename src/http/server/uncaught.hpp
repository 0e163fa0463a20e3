// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/observe/log.hpp>

namespace weir::http::detail {

/// Reports an exception of a task or a callback on a server's loop: to the log, or to stderr without one.
void report_uncaught(const logger& log, const error& thrown) noexcept;

/// Calls `f`, which runs a loop, until it returns normally: an exception concerns one task and must not stop the
/// others.
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
