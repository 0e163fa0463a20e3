// SPDX-License-Identifier: MIT
#pragma once

#include "core/event.hpp"

#include <cstddef>
#include <list>

namespace weir::http::detail {

/// A list of waiting coroutines, in order. Belongs to one loop; must outlive its waiters.
class wait_list {
public:
    /// Suspends until `wake()` or cancellation; the caller must check what has changed.
    task<void> wait() {
        const auto place = places_.emplace(places_.end());
        co_await place->wait();
        places_.erase(place);
    }

    /// Resumes all current waiters, but not those that wait again in the meantime.
    void wake() {
        for (std::size_t left = places_.size(); left > 0 && !places_.empty(); --left) places_.front().wake();
    }

private:
    std::list<weir::detail::event> places_;
};

} // namespace weir::http::detail
