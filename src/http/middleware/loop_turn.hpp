// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>

namespace weir::http::detail {

/// Measures how long a loop has been in its current turn, during which ready requests wait for those before them;
/// neither the number in flight nor a socket shows that time. A turn lasts from the first call in it to the handler
/// posted then, which runs after everything that was ready. Belongs to one loop.
class loop_turn {
public:
    explicit loop_turn(weir::loop& home) noexcept : home_(home) {}

    /// Returns the time since the turn started; the first call starts it.
    duration passed();

private:
    weir::loop& home_;
    time_point began_{};
    bool begun_ = false;
};

} // namespace weir::http::detail
