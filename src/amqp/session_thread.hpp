// SPDX-License-Identifier: MIT
#pragma once

#include "amqp/connection.hpp"
#include "amqp/wake_fd.hpp"
#include <weir/core/channel.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>

namespace weir::amqp {

inline time_point now() noexcept { return system_clock().now(); }

/// The state of both connections as users see it. Thread-safe.
struct session_counts {
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::uint64_t> failed_connections{0};
    std::atomic<std::uint64_t> lost_connections{0};
    std::atomic<std::uint64_t> unroutable{0};
    std::atomic<std::uint64_t> nacked{0};
    std::atomic<std::uint64_t> outcome_unknown{0};
    std::atomic<std::uint64_t> cancelled_by_broker{0};

    void note(const error& failure);
    std::string last_error() const;

private:
    mutable std::mutex mutex_{};
    std::string last_error_{};
};

/// A thread that owns one connection and replaces it when it is lost, trying the hosts in turn.
class session_thread {
public:
    session_thread(const queue_options& options, std::shared_ptr<session_counts> counts, std::string name);
    session_thread(const session_thread&) = delete;
    session_thread& operator=(const session_thread&) = delete;
    virtual ~session_thread();

    void start();
    /// Asks the thread to end; `ended` is closed when it has. Any thread.
    void stop() noexcept;
    void join() noexcept;
    const std::shared_ptr<channel<std::monostate>>& ended() const noexcept { return ended_; }

    bool connected() const noexcept { return connected_.load(std::memory_order_relaxed); }
    bool blocked() const noexcept { return blocked_.load(std::memory_order_relaxed); }

protected:
    // All on the thread. An error from `begin`, `work` or `take` ends the connection.
    virtual result<void> begin(connection& to) = 0;
    virtual result<void> work(connection& to) = 0;
    virtual result<void> take(connection& from, const amqp_frame_t& frame) = 0;
    virtual void lost(const error& why) = 0;
    /// When `work` has something to do without being woken.
    virtual time_point next_due() const { return time_point::max(); }

    void wake() const noexcept { wake_->wake(); }
    const std::shared_ptr<const wake_fd>& waker() const noexcept { return wake_; }
    bool stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }

    const queue_options options_;
    const std::shared_ptr<session_counts> counts_;

private:
    void run() noexcept;
    void serve_one();
    result<void> serve(connection& on);
    result<bool> take_all(connection& from);
    result<void> take_control(const amqp_frame_t& frame);
    void wait(int fd, time_point until) const noexcept;
    void pause();

    const std::string name_;
    const std::shared_ptr<const wake_fd> wake_ = std::make_shared<wake_fd>();
    std::atomic<bool> stopping_{false};
    std::atomic<bool> connected_{false};
    std::atomic<bool> blocked_{false};
    std::size_t next_host_ = 0;
    duration next_pause_;
    std::shared_ptr<channel<std::monostate>> ended_;
    std::thread thread_{};
};

} // namespace weir::amqp
