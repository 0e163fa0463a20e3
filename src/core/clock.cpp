// SPDX-License-Identifier: MIT
#include <weir/core/clock.hpp>

namespace weir {

namespace {

class machine_clock final : public clock {
public:
    time_point now() const noexcept override { return std::chrono::steady_clock::now(); }
    wall_time wall_now() const noexcept override {
        return std::chrono::time_point_cast<wall_time::duration>(std::chrono::system_clock::now());
    }
};

constexpr std::chrono::sys_days manual_start{std::chrono::year{2026} / 1 / 1};
// Far from zero, so that subtracting a window from now can't underflow.
constexpr std::chrono::hours manual_uptime{1000};

} // namespace

const clock& system_clock() noexcept {
    static const machine_clock instance;
    return instance;
}

time_point manual_clock::now() const noexcept {
    return time_point(manual_uptime + duration(passed_.load(std::memory_order_acquire)));
}

wall_time manual_clock::wall_now() const noexcept {
    const duration passed(passed_.load(std::memory_order_acquire));
    return wall_time(manual_start) + std::chrono::duration_cast<wall_time::duration>(passed);
}

} // namespace weir
