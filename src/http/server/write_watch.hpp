// SPDX-License-Identifier: MIT
#pragma once

#include "http/server/pace.hpp"
#include <weir/core/clock.hpp>
#include <weir/http/limits.hpp>

#include <cstdint>
#include <limits>

namespace weir::http::detail {

/// Watches a peer that doesn't take all output at once: it must take some of it in every `limits::write_time`, and
/// after the first of these `limits::write_rate` on average. Belongs to one connection.
class write_watch {
public:
    void begin(time_point now) noexcept {
        begun_ = progress_ = now;
        first_ = least_ = unknown;
    }
    /// `untaken` is what the peer hasn't taken yet. Returns false once it is too slow.
    bool keeps_up(time_point now, std::uint64_t untaken, const http::limits& allowed) noexcept {
        if (least_ == unknown) first_ = least_ = untaken;
        if (untaken < least_) {
            least_ = untaken;
            progress_ = now;
        }
        const duration earned = earned_time(first_ - least_, allowed.write_rate);
        return now < weir::detail::later(progress_, allowed.write_time) &&
               now < weir::detail::later(begun_, weir::detail::sum(allowed.write_time, earned));
    }
    time_point begun() const noexcept { return begun_; }

private:
    static constexpr auto unknown = std::numeric_limits<std::uint64_t>::max();

    time_point begun_{};
    time_point progress_{};
    std::uint64_t first_ = unknown;
    std::uint64_t least_ = unknown; // new output may increase what waits, without counting as a step back
};

} // namespace weir::http::detail
