// SPDX-License-Identifier: MIT
#pragma once

#include "core/remote_wait.hpp"
#include <weir/core/intrusive_list.hpp>
#include <weir/core/result.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace weir::mq::detail {

/// Room for a number of messages and bytes. Calls that find too little wait in line, first come, first served, on any
/// loop. Process-wide.
class room_line : public std::enable_shared_from_this<room_line> {
public:
    /// Room for one message; the destructor gives it back.
    class room {
    public:
        room(std::shared_ptr<room_line> of, std::size_t bytes) noexcept : of_(std::move(of)), bytes_(bytes) {}
        room(room&& other) noexcept = default;
        room& operator=(room&&) = delete;
        ~room() {
            if (of_) of_->give_back(bytes_);
        }

    private:
        std::shared_ptr<room_line> of_;
        std::size_t bytes_;
    };

    room_line(std::size_t max_count, std::size_t max_bytes) noexcept : max_count_(max_count), max_bytes_(max_bytes) {}

    /// Takes room if there is some and no call waits for it. `bytes` is at most max_bytes.
    std::optional<room> try_take(std::size_t bytes) noexcept;
    /// Waits for room until `last`. errc::deadline_exceeded, errc::cancelled, or errc::unavailable once closed.
    task<result<room>> take(std::size_t bytes, time_point last);
    /// Ends all waits.
    void close() noexcept;

    std::size_t bytes() const noexcept;
    std::size_t count() const noexcept;

private:
    class waiter;

    void give_back(std::size_t bytes) noexcept;
    bool fits(std::size_t bytes) const noexcept { return count_ < max_count_ && bytes <= max_bytes_ - bytes_; }
    void add(std::size_t bytes) noexcept {
        ++count_;
        bytes_ += bytes;
    }
    void remove(std::size_t bytes) noexcept {
        --count_;
        bytes_ -= bytes;
    }
    void admit_waiting() noexcept;

    const std::size_t max_count_;
    const std::size_t max_bytes_;
    mutable std::mutex mutex_{};
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
    bool closed_ = false;
    weir::detail::intrusive_list<waiter> line_{};
};

} // namespace weir::mq::detail
