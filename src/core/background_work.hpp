// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/channel.hpp>
#include <weir/core/context.hpp>

#include <boost/asio/cancellation_signal.hpp>

namespace weir::detail {

// Work in the background of a loop. It is shared with its task, and may be the last to know of a loop that is gone.
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
    bool stopped = false;  // before it began, perhaps
    bool over = false;     // or its loop is
    channel<bool> ended{}; // closed then
};

} // namespace weir::detail
