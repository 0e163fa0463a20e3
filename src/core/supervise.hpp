// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>

namespace weir::detail {

/// What is known of work that runs beside its waiter, who may leave it behind.
struct supervised {
    bool ended = false;
    bool late = false;
    std::exception_ptr failure{};
    boost::asio::cancellation_signal cancel{};
    loop::timer_id deadline = 0;
    loop::timer_id patience = 0;
    std::function<void(std::shared_ptr<supervised>)> wake{}; // the waiter; null once it goes on
    std::optional<context> inner{};                          // the work's own, where it has one
};
using supervision = std::shared_ptr<supervised>;

/// How long work may take, and what is done with it then.
struct supervision_terms {
    time_point deadline = time_point::max(); ///< then it is cancelled
    duration patience = duration::max();     ///< for its end after a cancellation; then it is left behind
    std::function<void()>* cancel = nullptr; ///< is given what cancels it
    bool shows_deadline = false;             ///< in a context of its own
};

/// Runs the work, cancels it at its deadline or with the waiter, and waits for its end, for as long as its terms say.
task<supervision> supervise(supervision_terms terms, task<void> work);

} // namespace weir::detail
