// SPDX-License-Identifier: MIT
#include "orm/soci/opening_watch.hpp"

#include <pthread.h>
#include <utility>

namespace weir::orm {

namespace {

using namespace std::chrono_literals;

constexpr duration between_ends = 20ms;

} // namespace

opening_watch::opening_watch(duration limit, std::stop_token stop, std::function<void()> end)
    : stop_(std::move(stop)), end_(std::move(end)), thread_([this, limit] { watch(limit); }),
      on_stop_(stop_, waker{this}) {}

opening_watch::~opening_watch() {
    wake(true);
    thread_.join();
}

void opening_watch::wake(bool done) noexcept {
    const std::lock_guard held(mutex_);
    done_ = done_ || done;
    changed_.notify_all();
}

void opening_watch::watch(duration limit) {
    pthread_setname_np(pthread_self(), "db-opening");
    std::unique_lock held(mutex_);
    changed_.wait_until(held, weir::detail::later(system_clock().now(), limit), [this] {
        return done_ || stop_.stop_requested();
    });
    while (!done_) {
        end_();
        changed_.wait_for(held, between_ends, [this] { return done_; });
    }
}

} // namespace weir::orm
