// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/channel.hpp>
#include <weir/core/context.hpp>

#include <boost/asio/cancellation_signal.hpp>

namespace weir::detail {

// Background work of a loop. Shared between its task and its handles; a handle may outlive the loop.
struct background_work {
    explicit background_work(weir::loop& home) noexcept : context(home) {}

    void cancel() {
        if (!over) signal.emit(boost::asio::cancellation_type::total);
    }
    void end() noexcept {
        over = true;
        ended.close();
    }

    weir::context context;
    boost::asio::cancellation_signal signal{};
    bool stopped = false;  // possibly before it began
    bool over = false;     // the work has ended, or its loop has
    channel<bool> ended{}; // closed at the end
};

} // namespace weir::detail
