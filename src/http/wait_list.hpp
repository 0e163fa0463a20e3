// SPDX-License-Identifier: MIT
#pragma once

#include "http/wait_point.hpp"

#include <cstddef>
#include <list>

namespace weir::http::detail {

/// Where several coroutines wait, in their order. Belongs to one loop; outlives who waits.
class wait_list {
public:
    /// Suspends until `wake()` or cancellation; the caller looks for itself what has changed.
    task<void> wait() {
        const auto place = places_.emplace(places_.end());
        co_await place->wait();
        places_.erase(place);
    }

    /// Resumes who waits now; who waits again meanwhile is left.
    void wake() {
        for (std::size_t left = places_.size(); left > 0 && !places_.empty(); --left) places_.front().wake();
    }

private:
    std::list<wait_point> places_;
};

} // namespace weir::http::detail
