// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/testing/fault_proxy.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>

namespace weir::testing {

/// The state shared by a proxy and its connections: the faults, accessed on the proxy's loop only, and the stats, which
/// any thread may read.
class fault_board {
public:
    const fault& of(direction where) const noexcept { return faults_[static_cast<std::size_t>(where)]; }
    /// Changes whenever the fault changes.
    std::uint64_t version(direction where) const noexcept { return versions_[static_cast<std::size_t>(where)]; }
    void set(direction where, fault what) noexcept;

    template<class Change>
    void count(Change change) {
        {
            const std::lock_guard lock(mutex_);
            change(figures_);
        }
        changed_.notify_all();
    }

    fault_proxy_stats figures() const;
    bool wait_until(const std::function<bool(const fault_proxy_stats&)>& holds, duration limit) const;

private:
    std::array<fault, 2> faults_{};
    std::array<std::uint64_t, 2> versions_{};
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    fault_proxy_stats figures_{};
};

/// A connection through the proxy, with a pump for each direction. Lives until both have ended.
class fault_link : public std::enable_shared_from_this<fault_link> {
public:
    using tcp = boost::asio::ip::tcp;
    using socket_type = boost::asio::basic_stream_socket<tcp, boost::asio::io_context::executor_type>;

    fault_link(loop& home, fault_board& board, socket_type client);

    /// Connects upstream and starts the pumps. If that fails, resets the client.
    static task<void> serve(std::shared_ptr<fault_link> self, tcp::endpoint upstream);

    /// Makes the pumps check their faults again.
    void wake() noexcept;
    void reset() noexcept;

private:
    using timer_type = boost::asio::basic_waitable_timer<
        std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
        boost::asio::io_context::executor_type>;

    // One direction: its sockets, and its position since its fault was set.
    struct lane {
        lane(direction way, socket_type& source, socket_type& sink, loop& home)
            : where(way), from(source), to(sink), pause(home.io().get_executor()) {}

        const direction where;
        socket_type& from;
        socket_type& to;
        timer_type pause;
        std::uint64_t version = 0;
        std::uint64_t passed = 0;
    };

    static task<void> pump(std::shared_ptr<fault_link> self, lane& way);
    task<bool> forward(lane& way, std::string_view bytes);
    task<std::size_t> pass_some(lane& way, std::string_view bytes, bool& alive);
    task<bool> write(lane& way, std::string_view bytes);
    task<void> wait(lane& way, duration time);
    task<std::size_t> pass_up_to_end(lane& way, std::string_view bytes, bool& alive);

    std::uint64_t position(lane& way) const noexcept;
    void cut() noexcept;
    void leave(lane& way, bool orderly) noexcept;

    loop& home_;
    fault_board& board_;
    socket_type client_;
    socket_type upstream_;
    lane up_;
    lane down_;
    bool cut_ = false; // both ends have seen the end; further data is dropped
    int pumps_ = 0;
};

} // namespace weir::testing
