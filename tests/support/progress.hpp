// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace test_support {

/// Counts events in handlers, so that the test or other handlers can wait for them. Thread-safe.
class progress {
public:
    void note() {
        const std::lock_guard lock(mutex_);
        ++noted_;
        changed_.notify_all();
    }
    /// Waits up to a minute for that many events; returns whether they occurred.
    bool await(std::uint64_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return noted_ >= count; });
    }
    std::uint64_t noted() const {
        const std::lock_guard lock(mutex_);
        return noted_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t noted_ = 0;
};

} // namespace test_support
