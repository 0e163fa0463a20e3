// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/resilience/adaptive_limit.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <random>
#include <utility>
#include <vector>

/// Event-driven simulation of services under load on a manual clock: arrivals are a Poisson process with a fixed seed,
/// service times are fixed, and an adaptive_limit decides which requests are admitted.
namespace overload {

using namespace weir;

struct request {
    time_point arrived{};
    traffic kind = traffic::normal;
};

struct outcome {
    request of{};
    time_point ended{};
    bool admitted = false;
};

struct load {
    std::function<double(time_point)> per_second;
    std::function<duration(time_point)> service;
    std::array<double, traffic_classes> mix{0, 1, 0}; ///< shares of the arrivals
    duration length = std::chrono::seconds(20);
};

inline time_point after_start(duration passed) { return manual_clock().now() + passed; }

inline std::vector<request> arrivals(const load& of, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto fraction = [&] { return (static_cast<double>(random() >> 11) + 0.5) / 9007199254740992.0; };
    std::vector<request> all;
    for (time_point at = after_start({}); at < after_start(of.length);) {
        at += duration(static_cast<duration::rep>(-std::log(fraction()) / of.per_second(at) * 1e9));
        double kind = fraction();
        std::size_t place = 0;
        while (place + 1 < traffic_classes && kind >= of.mix[place]) kind -= of.mix[place++];
        all.push_back({at, static_cast<traffic>(place)});
    }
    return all;
}

class simulation {
public:
    explicit simulation(adaptive_limit_options options = {}) : limit_(on(time_, std::move(options))) {}

    adaptive_limit& limit() noexcept { return limit_; }
    const std::vector<outcome>& outcomes() const noexcept { return outcomes_; }

    /// Handlers that suspend while one of `servers` works for them, first come, first served: the number in flight
    /// includes the queue.
    void run_suspended(const load& of, std::size_t servers, std::uint64_t seed = 1) {
        struct running {
            time_point ends{};
            std::uint64_t number = 0;
            request one{};
            adaptive_limit::permit held{};
        };
        const auto ends_later = [](const running& a, const running& b) {
            return std::pair(a.ends, a.number) > std::pair(b.ends, b.number);
        };
        std::vector<running> busy; // a heap
        std::deque<std::pair<request, adaptive_limit::permit>> waiting;
        std::uint64_t number = 0;
        const auto serve = [&](const request& one, adaptive_limit::permit held) {
            busy.push_back({time_.now() + of.service(time_.now()), ++number, one, std::move(held)});
            std::push_heap(busy.begin(), busy.end(), ends_later);
        };
        const auto end_until = [&](time_point until) {
            while (!busy.empty() && busy.front().ends <= until) {
                std::pop_heap(busy.begin(), busy.end(), ends_later);
                running ended = std::move(busy.back());
                busy.pop_back();
                move_to(ended.ends);
                finish(ended.one, ended.held);
                if (waiting.empty()) continue;
                auto next = std::move(waiting.front());
                waiting.pop_front();
                serve(next.first, std::move(next.second));
            }
        };
        for (const request& one : arrivals(of, seed)) {
            end_until(one.arrived);
            move_to(one.arrived);
            auto held = admit(one, {});
            if (!held) continue;
            if (busy.size() < servers)
                serve(one, std::move(held));
            else
                waiting.emplace_back(one, std::move(held));
        }
        end_until(time_point::max());
    }

    /// Handlers that run inline on one loop: requests wait unnoticed until the loop's next turn, which handles all that
    /// have arrived. A refusal also takes time.
    void run_inline(const load& of, duration refusal = std::chrono::microseconds(30), std::uint64_t seed = 1) {
        const auto all = arrivals(of, seed);
        for (std::size_t next = 0; next < all.size();) {
            move_to(std::max(time_.now(), all[next].arrived));
            const time_point turn = time_.now();
            std::size_t come = next;
            while (come < all.size() && all[come].arrived <= turn) ++come;
            for (; next < come; ++next) {
                auto held = admit(all[next], time_.now() - turn);
                time_.advance(held ? of.service(time_.now()) : refusal);
                if (held) finish(all[next], held);
            }
        }
    }

    struct summary {
        double per_second = 0; ///< served within a second
        double refused = 0;    ///< part of the arrivals
        duration median{};
        duration p99{};
    };

    summary between(duration from, duration to, std::optional<traffic> kind = {}) const {
        std::vector<duration> latencies;
        double came = 0;
        double refused = 0;
        for (const outcome& one : outcomes_) {
            if (kind && one.of.kind != *kind) continue;
            if (one.ended < after_start(from) || one.ended >= after_start(to)) continue;
            ++came;
            if (one.admitted)
                latencies.push_back(one.ended - one.of.arrived);
            else
                ++refused;
        }
        std::sort(latencies.begin(), latencies.end());
        const auto good = std::upper_bound(latencies.begin(), latencies.end(), duration(std::chrono::seconds(1)));
        summary found;
        found.per_second =
            static_cast<double>(good - latencies.begin()) / std::chrono::duration<double>(to - from).count();
        found.refused = came == 0 ? 0 : refused / came;
        if (latencies.empty()) return found;
        found.median = latencies[latencies.size() / 2];
        found.p99 = latencies[latencies.size() * 99 / 100];
        return found;
    }

private:
    static adaptive_limit_options on(const manual_clock& time, adaptive_limit_options options) {
        options.time = &time;
        return options;
    }

    void move_to(time_point at) { time_.advance(at - time_.now()); }

    adaptive_limit::permit admit(const request& one, duration waited) {
        auto held = limit_.try_acquire(one.kind, waited);
        if (!held) outcomes_.push_back({one, time_.now(), false});
        return held;
    }

    void finish(const request& one, adaptive_limit::permit& held) {
        held.done();
        outcomes_.push_back({one, time_.now(), true});
    }

    manual_clock time_;
    adaptive_limit limit_;
    std::vector<outcome> outcomes_;
};

} // namespace overload
