// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

#include <functional>
#include <optional>
#include <utility>

namespace weir::detail {

/// Calls `f` on the loop at a deadline unless it is destroyed first. Never fires at time_point::max().
class deadline_timer {
public:
    deadline_timer(loop& home, time_point at, std::function<void()> f) : home_(home) {
        if (at != time_point::max()) id_ = home_.call_at(at, std::move(f));
    }
    deadline_timer(const deadline_timer&) = delete;
    deadline_timer& operator=(const deadline_timer&) = delete;
    ~deadline_timer() {
        if (id_) home_.cancel_timer(*id_);
    }

private:
    loop& home_;
    std::optional<loop::timer_id> id_;
};

} // namespace weir::detail
