// SPDX-License-Identifier: MIT
#include <weir/core/loop_local.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// Holds a timer of its loop until destroyed.
struct timed {
    timed(loop& on, int& left) : home(on), gone(left), timer(on.call_at(on.now() + 1h, [] {})) {}
    ~timed() { gone += home.cancel_timer(timer); }

    loop& home;
    int& gone;
    loop::timer_id timer;
};

} // namespace

TEST_CASE("each loop gets its own object, destroyed while the loop's timers still work") {
    int gone = 0;
    int made = 0;
    const loop_local<timed> locals([&](loop& home) {
        ++made;
        return std::make_unique<timed>(home, gone);
    });
    const loop_local<timed> others([&](loop& home) { return std::make_unique<timed>(home, gone); });
    loop second;
    {
        loop first;
        timed& mine = locals.of(first);
        CHECK(&locals.of(first) == &mine);
        CHECK(&locals.of(second) != &mine);
        CHECK(&others.of(first) != &mine);
        CHECK(made == 2);
    }
    CHECK(gone == 2);
}

TEST_CASE("a loop_local at a reused address gets new objects") {
    loop home;
    std::optional<const loop_local<int>> again;
    again.emplace([](loop&) { return std::make_unique<int>(1); });
    CHECK(again->of(home) == 1);
    again.emplace([](loop&) { return std::make_unique<int>(2); });
    CHECK(again->of(home) == 2);
}
