// SPDX-License-Identifier: MIT
#pragma once

#include "resilience/drive.hpp"
#include <weir/cache/cache.hpp>

#include <chrono>
#include <string>

namespace test_support {

using namespace std::chrono_literals;

/// A cache on a manual clock, whose loads take a second; the n-th one yields "n".
struct cache_fixture {
    using strings = weir::cache<std::string, std::string>;
    using call = started<weir::result<weir::cached<std::string>>>;

    static weir::cache_options options(const weir::clock& time) {
        weir::cache_options made{.ttl = 30s, .ttl_jitter = 0, .negative_ttl = 5s, .error_ttl = 0s};
        made.time = &time;
        return made;
    }

    weir::manual_clock time;
    weir::loop home{time};
    int loads = 0;
    weir::error failure;

    weir::task<weir::result<std::string>> load() {
        const int number = ++loads;
        auto slept = co_await weir::sleep_for(1s);
        if (!slept) co_return slept.error();
        if (failure) co_return failure;
        co_return std::to_string(number);
    }
    weir::task<weir::result<weir::cached<std::string>>> ask(strings& of, std::string_view key) {
        auto f = [this] { return load(); };
        return of.lookup_or(key, f);
    }
    void advance(weir::duration by) {
        time.advance(by);
        home.poll();
    }
    /// Asks, and lets a load take its second.
    weir::result<weir::cached<std::string>> ask_now(strings& of, std::string_view key) {
        call one(home, ask(of, key));
        if (!one.ended()) advance(1s);
        home.poll();
        return one.outcome();
    }
};

} // namespace test_support
