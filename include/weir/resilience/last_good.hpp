// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

namespace weir {

struct last_good_options {
    duration max_age = std::chrono::minutes(5); ///< what is older isn't found; max(): whatever its age
    const weir::clock* time = &system_clock();  ///< outlives the value
};

/// The last good result of a call, for when the next ones fail. One for each thing that is asked for: what one user was
/// answered is no answer to another. Process-wide and thread-safe: what is found is shared, and never changes.
template<class T>
class last_good {
public:
    explicit last_good(last_good_options options = {}) : options_(options) {}
    explicit last_good(duration max_age) : last_good(last_good_options{.max_age = max_age}) {}
    last_good(const last_good&) = delete;
    last_good& operator=(const last_good&) = delete;

    void store(T value) {
        auto made = std::make_shared<const T>(std::move(value)); // and takes the one before along
        const time_point now = options_.time->now();
        const std::lock_guard lock(mutex_);
        value_.swap(made);
        stored_ = now;
    }

    /// Null where there is none that is young enough.
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
