// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

namespace weir::http::detail {

/// How long a loop is at its present turn: the requests that are ready wait for those before them, where neither the
/// number in flight nor a socket shows it. What is posted runs behind all that was ready, so a turn lasts from the
/// first time that it is asked for to what was posted then. Belongs to one loop.
class loop_turn {
public:
    explicit loop_turn(weir::loop& home) noexcept : home_(home) {}

    /// Since the turn began; begins one.
    duration passed();

private:
    weir::loop& home_;
    time_point began_{};
    bool begun_ = false;
};

} // namespace weir::http::detail
