// SPDX-License-Identifier: MIT
#pragma once

#include "redis/link/greeting.hpp"
#include "redis/wire/backoff.hpp"
#include "redis/wire/counters.hpp"
#include "redis/wire/reply_reader.hpp"
#include "redis/wire/slot_queue.hpp"
#include "redis/wire/url.hpp"
#include <weir/core/intrusive_list.hpp>
#include <weir/core/loop.hpp>
#include <weir/redis/client_options.hpp>
#include <weir/redis/detail/call.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::redis::detail {

class link;

/// What a link needs of the object that owns it. All calls are on the loop.
class link_owner {
public:
    /// Finds the server of a link and calls `dial` or `unreachable`, now or later.
    virtual void locate(link& one) = 0;
    virtual void connected(link&) {}
    /// The connection has ended, or an attempt has failed. The link may try again by itself.
    virtual void lost(link&, const error&) {}
    /// The connection has ended for good, other than by `drop_all`.
    virtual void closed(link&, const error&) {}
    /// Whether the owner takes a call back because of an error reply, to send it elsewhere. It has left the link then.
    virtual bool takes_back(call&, link&, reply_view) { return false; }
    /// A message of a connection that only listens.
    virtual void pushed(link&, reply_view) {}

protected:
    ~link_owner() = default;
};

/// What all connections of a client on one loop share.
struct link_terms {
    std::shared_ptr<const client_options> options{};
    std::shared_ptr<counters> stats{};
    greeting_plan greeting{};
};

/// One connection to a server and the calls on it. It connects when a call needs it, sends the calls of one turn of the
/// loop in one write, matches replies to calls in their order, and ends calls at their deadlines. A call that has been
/// abandoned leaves its slot, so a late reply is dropped. Belongs to one loop.
class link final : public std::enable_shared_from_this<link> {
public:
    /// shared: reconnects for later calls. exclusive: one user, whose state ends with the connection, so a call that is
    /// abandoned closes it. listening: reconnects by itself, and passes on all replies.
    enum class use : std::uint8_t { shared, exclusive, listening };

    link(loop& home, std::shared_ptr<const link_terms> terms, link_owner& owner, use how);
    ~link();
    link(const link&) = delete;
    link& operator=(const link&) = delete;

    void submit(call& one) noexcept;
    /// Forgets a call whose caller has left, at its deadline or cancelled; its replies are dropped.
    void abandon(call& one, bool late) noexcept;

    /// Connects if there is no connection; for listening links.
    void open();
    /// Sends bytes at once; for listening links.
    void send(std::string_view bytes);

    /// Answers to `locate`.
    void dial(const address& to);
    void unreachable(error why);

    /// Ends the connection: written calls fail with an unknown outcome; others wait for the next connection if there
    /// may be one.
    void lose(const error& why);
    /// As `lose`, and also fails the calls that haven't been sent.
    void lose_all(const error& why);
    /// Ends the connection and every call for good.
    void close(const error& why);
    /// Forgets the calls without ending them, because their loop ends.
    void drop_all() noexcept;

    /// Forgets a call that `takes_back` takes.
    void release(call& one) noexcept;
    /// Takes a call that hasn't been sent off the queue; null if there is none.
    call* take_queued() noexcept;
    /// The server that `locate` should dial, if the owner has one for each link.
    void aim(const address& at) { target_ = at; }
    const address& target() const noexcept { return target_; }

    bool exclusive() const noexcept { return how_ == use::exclusive; }
    bool listening() const noexcept { return how_ == use::listening; }
    bool up() const noexcept { return state_ == state::up; }
    bool closed() const noexcept { return state_ == state::closed; }
    /// Whether nothing is under way on it.
    bool idle() const noexcept { return slots_.empty() && queue_.empty(); }
    std::size_t load() const noexcept { return slots_.size() + queued_; }
    const address& peer() const noexcept { return peer_; }
    loop& home() const noexcept { return home_; }

private:
    using tcp = boost::asio::ip::tcp;
    using executor_type = boost::asio::io_context::executor_type;
    using socket_type = boost::asio::basic_stream_socket<tcp, executor_type>;
    using error_code = boost::system::error_code;

    enum class state : std::uint8_t { down, locating, connecting, greeting, up, closed };

    // Runs a part of the work on the connection; if it throws, the connection is lost.
    template<class F>
    void guarded(F f) {
        try {
            f();
        } catch (...) {
            lose(current_error());
        }
    }

    // link_connect.cpp
    void begin_connect();
    void resolved(const error_code& failed, std::vector<tcp::endpoint> found);
    void connect_next();
    void made(const error_code& failed);
    void greet();
    void greeted(const error& refused);
    void note_lost();

    // link_io.cpp
    void flush_later();
    void flush();
    void take_from_queue();
    void write();
    void read();
    void received(std::size_t count);
    void on_reply(reply_view one);
    void end(call& one) noexcept;

    // link_time.cpp
    time_point turn_time() noexcept;
    void arm(time_point at);
    void sweep();
    time_point sweep_queue();
    time_point sweep_slots();
    time_point sweep_silence();
    void expire(call& one, bool reached) noexcept;

    void enqueue(call& one);
    void unqueue(call& one) noexcept;
    void fail_queue(const error& why) noexcept;
    void fail_slots(const error& why) noexcept;
    void disconnect() noexcept;
    bool reached(const slot& one) const noexcept { return one.begins < sent_; }

    loop& home_;
    const std::shared_ptr<const link_terms> terms_;
    link_owner* owner_;
    const use how_;
    state state_ = state::down;
    std::uint64_t attempt_ = 0; // handlers of earlier attempts do nothing

    socket_type socket_;
    boost::asio::ip::basic_resolver<tcp, executor_type> resolver_;
    std::vector<tcp::endpoint> endpoints_{};
    address target_{};
    address peer_{};
    class greeting greeting_;
    backoff pauses_;
    bool was_up_ = false;
    bool useful_ = false; // the connection has answered a command
    time_point retry_at_{};
    time_point connect_by_ = time_point::max();
    error last_failure_{};

    std::unique_ptr<reply_reader> reader_{};
    std::vector<char> in_{};
    std::string out_{};
    std::size_t out_at_ = 0;     // bytes of out_ that were sent
    std::uint64_t appended_ = 0; // bytes ever put into out_ on this connection
    std::uint64_t sent_ = 0;     // of these, sent
    bool more_ = false;          // the queue has calls that could be sent
    bool flush_posted_ = false;
    bool writing_ = false; // waits for the socket to take more

    weir::detail::intrusive_list<call> queue_{};
    std::size_t queued_ = 0;
    slot_queue slots_{};
    std::size_t pending_bytes_ = 0;

    time_point now_{};
    time_point progress_at_{}; // the last byte received, or the first sent since nothing was awaited
    bool pinged_ = false;
    loop::timer_id timer_ = 0;
    time_point armed_for_ = time_point::max();
};

} // namespace weir::redis::detail
