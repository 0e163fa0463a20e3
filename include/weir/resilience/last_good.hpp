// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

namespace weir {

struct last_good_options {
    duration max_age = std::chrono::minutes(5); ///< older values aren't returned; max(): any age
    const weir::clock* time = &system_clock();  ///< must outlive this object
};

/// The last good result of a call, for use when later calls fail. Use one per resource: one user's result must not be
/// returned to another. Process-wide and thread-safe: results are shared and immutable.
template<class T>
class last_good {
public:
    explicit last_good(last_good_options options = {}) : options_(options) {}
    explicit last_good(duration max_age) : last_good(last_good_options{.max_age = max_age}) {}
    last_good(const last_good&) = delete;
    last_good& operator=(const last_good&) = delete;

    void store(T value) {
        auto made = std::make_shared<const T>(std::move(value)); // destroys the previous value outside the lock
        const time_point now = options_.time->now();
        const std::lock_guard lock(mutex_);
        value_.swap(made);
        stored_ = now;
    }

    /// Returns null if there is no value or it is too old.
    std::shared_ptr<const T> find() const {
        const time_point now = options_.time->now();
        const std::lock_guard lock(mutex_);
        return value_ && now - stored_ <= options_.max_age ? value_ : nullptr;
    }

private:
    const last_good_options options_;
    mutable std::mutex mutex_;
    std::shared_ptr<const T> value_;
    time_point stored_{};
};

} // namespace weir
