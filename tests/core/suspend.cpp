// SPDX-License-Identifier: MIT
#include "core/suspend.hpp"

#include "core/outside_work.hpp"
#include "support/allocation_count.hpp"
#include <weir/core/loop.hpp>

#include <doctest/doctest.h>

#include <functional>

using namespace weir;

namespace {

task<int> resumed_with(int value) {
    auto start = [value](const std::function<void(int)>& resume) { resume(value); };
    auto cancel = [] {};
    co_return co_await detail::suspend<int>(start, cancel);
}

task<void> keep_value(int& in) { in = co_await resumed_with(7); }

} // namespace

TEST_CASE("a suspension that runs out of memory leaves no outside work behind") {
    bool done = false;
    for (std::size_t many = 0; !done; ++many) {
        int value = 0;
        loop home;
        const auto outside = home.outside();
        home.spawn(keep_value(value));
        done = test_support::with_allocations(many, [&] { home.poll(); });
        CHECK(value == (done ? 7 : 0));
        CHECK(outside->running() == 0);
        while (outside->running() != 0) outside->end(); // the loop would wait forever
    }
}
