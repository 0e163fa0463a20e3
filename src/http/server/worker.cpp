// SPDX-License-Identifier: MIT
#include "http/server/worker.hpp"

#include "http/server/connection.hpp"
#include "http/server/uncaught.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <malloc.h>
#include <sys/socket.h>

namespace weir::http::detail {

namespace asio = boost::asio;

namespace {

using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr duration sweep_every = std::chrono::milliseconds(250);
constexpr duration accept_pause = std::chrono::milliseconds(100);
constexpr std::size_t spare_buffers = 64;
constexpr duration idle_enough = std::chrono::seconds(1); // before a connection may be replaced by a new one
constexpr std::size_t most_evicted = 64;                  // between two sweeps
constexpr std::size_t most_reserved = 16;
constexpr std::size_t most_accepted = 64;    // per wake-up, in addition to the awaited one
constexpr std::size_t most_turned_away = 64; // per wake-up, when out of descriptors
constexpr std::size_t memorable_peak = 1024; // number of connections whose memory is worth returning

constexpr duration refused_time = std::chrono::seconds(1);
constexpr std::size_t most_refused = 128; // kept open at once

constexpr std::string_view overloaded =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 85\r\n"
    "retry-after: 1\r\nconnection: close\r\n\r\n"
    R"({"code":"unavailable","message":"too many connections, try again later","details":[]})";
constexpr std::string_view refused_by_address =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 103\r\n"
    "retry-after: 1\r\nconnection: close\r\n\r\n"
    R"({"code":"unavailable","message":"too many connections from your address, try again later","details":[]})";

error cannot_listen(const server_options& options, const boost::system::error_code& why) {
    return error(errc::unavailable,
                 "can't listen on " + options.address + ":" + std::to_string(options.port) + ": " + why.message());
}

// SO_REUSEPORT lets a server's loops share a port, but would also let two processes share it unnoticed. Binding without
// it shows whether the port is free.
boost::system::error_code claim(asio::io_context& io, const tcp::endpoint& place) {
    boost::system::error_code failed;
    tcp_acceptor alone(io);
    alone.open(place.protocol(), failed);
    if (!failed) alone.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) alone.bind(place, failed);
    return failed;
}

} // namespace

worker::worker(std::shared_ptr<const route_table> routes, const server_options& options, server_counters& counters,
               const weir::clock& time)
    : options_(options), counters_(counters), loop_(time), host_(loop_, std::move(routes), options.limits),
      acceptor_(loop_.io()) {
    loop_.on_background_end([this] { report_if_drained(); });
    host_.events = &counters.events;
    host_.budget = &counters.incoming;
}

// Connections end while the loop's timers still exist, since their handlers use them. A handler whose job runs on a
// pool ends after its job.
worker::~worker() {
    gone_ = nullptr;
    loop_.on_background_end({});
    abort_all();
    settle();
    loop_.wait_for_jobs();
    settle();
}

void worker::settle() noexcept {
    through_exceptions(options_.log, [this] { loop_.poll(); });
}

result<void> worker::listen(std::uint16_t& port, bool first) {
    boost::system::error_code failed;
    const auto address = asio::ip::make_address(options_.address, failed);
    if (failed) return cannot_listen(options_, failed);
    const tcp::endpoint place(address, port);
    if (first) failed = claim(loop_.io(), place);
    if (!failed) acceptor_.open(place.protocol(), failed);
    if (!failed) close_on_exec(acceptor_.native_handle());
    if (!failed) acceptor_.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) acceptor_.set_option(reuse_port(true), failed);
    if (!failed) acceptor_.bind(place, failed);
    if (!failed) acceptor_.listen(options_.backlog, failed);
    if (!failed) acceptor_.non_blocking(true, failed);
    if (failed) return cannot_listen(options_, failed);
    port = acceptor_.local_endpoint().port();
    return ok();
}

void worker::accept() {
    if (!acceptor_.is_open()) return;
    accepting_ = true;
    acceptor_.async_accept(peer_, [this](const boost::system::error_code& failed, tcp_socket socket) {
        accepting_ = false;
        loop_.refresh();
        // An accepted connection is served, even if the drain closed the listener before this ran.
        if (!failed) admit(std::move(socket), peer_);
        if (!failed) accept_some();
        if (!acceptor_.is_open()) return report_if_drained();
        if (failed) return accept_failed(failed);
        spare_descriptor_.take();
        accept();
    });
}

// A turn of a busy loop is long: one accept per turn would be fewer than arrive.
void worker::accept_some() {
    boost::system::error_code failed;
    tcp::endpoint peer;
    for (std::size_t left = most_accepted; left != 0 && acceptor_.is_open(); --left) {
        tcp_socket socket = acceptor_.accept(peer, failed);
        if (failed) return; // usually none is pending; another failure repeats
        admit(std::move(socket), peer);
    }
}

// Out of descriptors or memory: connections in the kernel's queue are refused, so that they don't hang there. Others
// may close soon, so accepting is retried shortly.
void worker::accept_failed(const boost::system::error_code& why) {
    counters_.events.note(server_event::accept_failed, why.message(), loop_.now());
    turn_away();
    loop_.call_at(loop_.now() + accept_pause, [this] { accept(); });
}

// Refuses them one by one, using the descriptor held in reserve.
void worker::turn_away() {
    boost::system::error_code failed;
    for (std::size_t left = most_turned_away; left != 0 && !failed && spare_descriptor_.give(); --left) {
        {
            tcp_socket socket = acceptor_.accept(peer_, failed);
            if (!failed) {
                counters_.events.note(server_event::full, "no file descriptors left", loop_.now());
                boost::system::error_code ignored;
                socket.non_blocking(true, ignored);
                if (!tls_) socket.write_some(asio::buffer(overloaded), ignored);
            }
        }
        spare_descriptor_.take();
    }
}

void worker::admit(tcp_socket socket, const tcp::endpoint& peer) {
    counters_.accepted.fetch_add(1, std::memory_order_relaxed);
    boost::system::error_code ignored; // a socket that refuses an option fails at its first use
    close_on_exec(socket.native_handle());
    socket.non_blocking(true, ignored);
    socket.set_option(tcp::no_delay(true), ignored);
    const bool full = counters_.open.fetch_add(1, std::memory_order_relaxed) >= options_.connections && !make_room();
    if (full && reserved_ == most_reserved) {
        counters_.events.note(server_event::full, "too many connections", loop_.now());
        return refuse(std::move(socket), overloaded);
    }
    const auto client = addresses_ ? addresses_->enter(peer.address()) : address_limit::uncounted;
    if (!client) {
        counters_.events.note(server_event::refused_by_address, peer.address().to_string(), loop_.now());
        return refuse(std::move(socket), refused_by_address);
    }
    const connection_pointer made(new connection(*this, std::move(socket), unmapped(peer.address()).to_string()));
    made->client = *client;
    if (tls_) made->secure(*tls_->current());
    if (full) {
        made->reserve();
        ++reserved_;
    }
    made->place = static_cast<std::uint32_t>(connections_.size());
    connections_.push_back(made);
    peak_ = std::max(peak_, connections_.size());
    if (host_.draining) made->drain();
    made->arm();
    schedule_sweep();
}

// Closes this loop's longest idle connection; false if none has been idle long enough.
bool worker::make_room() {
    while (!longest_idle_.empty()) {
        const auto one = std::move(longest_idle_.back());
        longest_idle_.pop_back();
        if (loop_.now() < one->idle_since() || loop_.now() - one->idle_since() < idle_enough) continue;
        one->abort();
        return true;
    }
    return false;
}

// The peer's input isn't read. If too many refused sockets are open, the oldest is closed.
void worker::refuse(tcp_socket socket, std::string_view answer) {
    counters_.open.fetch_sub(1, std::memory_order_relaxed);
    boost::system::error_code ignored; // it is refused whether or not the answer arrives
    if (tls_) return;                  // a handshake isn't worth it
    socket.write_some(asio::buffer(answer), ignored);
    socket.shutdown(tcp_socket::shutdown_send, ignored);
    if (refused_.size() == most_refused) refused_.pop_front();
    refused_.push_back({std::move(socket), loop_.now() + refused_time});
    schedule_sweep();
}

void worker::drain(std::function<void()> gone) {
    host_.draining = true;
    gone_ = std::move(gone);
    accept_rest();
    const auto all = connections_; // some end during this loop, or end others
    for (const auto& one : all) one->drain();
    report_if_drained();
}

// Connections that the kernel has already accepted must be answered.
void worker::accept_rest() {
    boost::system::error_code failed;
    loop_.refresh();
    tcp::endpoint peer; // peer_ belongs to the pending accept
    while (acceptor_.is_open()) {
        tcp_socket socket = acceptor_.accept(peer, failed);
        if (failed) break;
        admit(std::move(socket), peer);
    }
    acceptor_.close(failed);
}

void worker::abort_all() {
    const auto busy = [](const auto& one) { return !one->done(); };
    const auto lost = static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(), busy));
    counters_.aborted.fetch_add(lost, std::memory_order_relaxed);
    longest_idle_.clear();
    while (!connections_.empty()) connections_.back()->abort();
    counters_.aborted.fetch_add(loop_.background(), std::memory_order_relaxed);
    loop_.cancel_background();
}

read_buffer worker::take_buffer() {
    if (spare_.empty()) return map_buffer();
    read_buffer one = std::move(spare_.back());
    spare_.pop_back();
    return one;
}

std::size_t worker::lent_buffers() const noexcept {
    const auto holds = [](const auto& one) { return one->holds_buffer(); };
    return static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(), holds));
}

void worker::return_buffer(read_buffer used) {
    if (used && spare_.size() < spare_buffers) spare_.push_back(std::move(used));
}

// Reading again right after a write would find nothing and cost a system call. One handler arms all connections of this
// turn, by which time their next bytes have often arrived.
void worker::arm_later(connection_pointer one) {
    to_arm_.push_back(std::move(one));
    if (to_arm_.size() != 1) return;
    asio::post(loop_.io(), [this] {
        std::vector<connection_pointer> batch;
        batch.swap(to_arm_);
        for (const auto& each : batch) each->arm();
        batch.clear();
        if (to_arm_.empty()) to_arm_.swap(batch); // keeps the memory
    });
}

void worker::retire(connection& one) {
    auto& last = connections_.back();
    last->place = one.place;
    auto leaving = std::move(connections_[one.place]);
    if (last) connections_[one.place] = std::move(last);
    connections_.pop_back();
    counters_.open.fetch_sub(1, std::memory_order_relaxed);
    if (addresses_) addresses_->leave(one.client);
    if (one.reserved) --reserved_;
    // Its code may still be on the stack: it is destroyed after that has returned.
    asio::post(loop_.io(), [this, leaving = std::move(leaving)] { report_if_drained(); });
}

void worker::report_if_drained() {
    if (!gone_ || accepting_ || !connections_.empty() || loop_.background() != 0) return;
    const auto report = std::move(gone_);
    gone_ = nullptr;
    report();
}

void worker::schedule_sweep() {
    if (sweeping_) return;
    sweeping_ = true;
    loop_.call_at(loop_.now() + sweep_every, [this] { sweep(); });
}

void worker::sweep() {
    sweeping_ = false;
    const time_point now = loop_.now();
    for (std::size_t i = connections_.size(); i-- > 0;) // backwards, since visited ones may be removed
        if (i < connections_.size()) connections_[i]->tick(now);
    while (!refused_.empty() && now >= refused_.front().until) refused_.pop_front();
    find_idle(now);
    give_memory_back();
    if (!connections_.empty() || !refused_.empty()) schedule_sweep();
}

// Near the limit, new connections replace those that have been idle longest.
void worker::find_idle(time_point now) {
    longest_idle_.clear();
    const std::size_t cap = options_.connections;
    if (counters_.open.load(std::memory_order_relaxed) < cap - cap / 10) return;
    for (const auto& one : connections_)
        if (const time_point since = one->idle_since(); since <= now && now - since >= idle_enough)
            longest_idle_.push_back(one);
    const auto later = [](const auto& a, const auto& b) { return a->idle_since() > b->idle_since(); };
    if (longest_idle_.size() > most_evicted) {
        const auto last = longest_idle_.end() - most_evicted;
        std::nth_element(longest_idle_.begin(), last, longest_idle_.end(), later);
        longest_idle_.erase(longest_idle_.begin(), last);
    }
    std::sort(longest_idle_.begin(), longest_idle_.end(), later);
}

// After many connections have closed, the heap is fragmented and mostly free.
void worker::give_memory_back() {
    if (peak_ < memorable_peak || connections_.size() > peak_ / 4) return;
    peak_ = connections_.size();
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
}

} // namespace weir::http::detail
