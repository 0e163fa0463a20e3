// SPDX-License-Identifier: MIT
#include "http/worker.hpp"

#include "http/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <sys/socket.h>

namespace weir::http::detail {

namespace asio = boost::asio;

namespace {

using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr duration sweep_every = std::chrono::milliseconds(250);
constexpr duration accept_pause = std::chrono::milliseconds(100);
constexpr std::size_t spare_buffers = 64;

constexpr duration refused_time = std::chrono::seconds(1);
constexpr std::size_t most_refused = 128; // kept open at a time

constexpr std::string_view overloaded =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 85\r\n"
    "retry-after: 1\r\nconnection: close\r\n\r\n"
    R"({"code":"unavailable","message":"too many connections, try again later","details":[]})";
constexpr std::string_view crowded =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 103\r\n"
    "retry-after: 1\r\nconnection: close\r\n\r\n"
    R"({"code":"unavailable","message":"too many connections from your address, try again later","details":[]})";

error cannot_listen(const server_options& options, const boost::system::error_code& why) {
    return error(errc::unavailable,
                 "can't listen on " + options.address + ":" + std::to_string(options.port) + ": " + why.message());
}

// SO_REUSEPORT lets a server's loops share a port, and would as well let two processes share it unnoticed:
// binding without it tells whether the port is free.
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
      acceptor_(loop_.io()) {}

// Connections end while the loop still has its timers: what is left of their handlers looks at them. A handler whose
// job runs on a pool ends after its job.
worker::~worker() {
    gone_ = nullptr;
    cut();
    loop_.poll();
    loop_.wait_for_jobs();
    loop_.poll();
}

result<void> worker::listen(std::uint16_t& port, bool first) {
    boost::system::error_code failed;
    const auto address = asio::ip::make_address(options_.address, failed);
    if (failed) return cannot_listen(options_, failed);
    const tcp::endpoint place(address, port);
    if (first) failed = claim(loop_.io(), place);
    if (!failed) acceptor_.open(place.protocol(), failed);
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
        // Accepted is accepted, even if the drain has closed the listener before this came to run.
        if (!failed) admit(std::move(socket), peer_);
        if (!acceptor_.is_open()) return tell_gone();
        if (!failed) return accept();
        // Out of descriptors: what is open may close soon, so look again in a moment.
        loop_.call_at(loop_.now() + accept_pause, [this] { accept(); });
    });
}

void worker::admit(tcp_socket socket, const tcp::endpoint& peer) {
    counters_.accepted.fetch_add(1, std::memory_order_relaxed);
    boost::system::error_code ignored; // a socket that refuses an option fails at its first use
    socket.non_blocking(true, ignored);
    socket.set_option(tcp::no_delay(true), ignored);
    if (counters_.open.fetch_add(1, std::memory_order_relaxed) >= options_.connections)
        return refuse(std::move(socket), overloaded);
    const auto client = addresses_ ? addresses_->enter(peer.address()) : address_limit::nobody;
    if (!client) {
        counters_.crowded.fetch_add(1, std::memory_order_relaxed);
        return refuse(std::move(socket), crowded);
    }
    const connection_pointer made(new connection(*this, std::move(socket), unmapped(peer.address()).to_string()));
    made->client = *client;
    if (tls_) made->secure(*tls_->current());
    made->place = static_cast<std::uint32_t>(connections_.size());
    connections_.push_back(made);
    if (host_.draining) made->drain();
    made->arm();
    schedule_sweep();
}

// What it says isn't read; nothing waits for it, and where there are too many of them the first has to go.
void worker::refuse(tcp_socket socket, std::string_view answer) {
    counters_.open.fetch_sub(1, std::memory_order_relaxed);
    counters_.refused.fetch_add(1, std::memory_order_relaxed);
    boost::system::error_code ignored; // it was turned away, whether it hears so or not
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
    for (const auto& one : connections_) one->drain();
    tell_gone();
}

// What the kernel had accepted for us is ours to answer.
void worker::accept_rest() {
    boost::system::error_code failed;
    loop_.refresh();
    tcp::endpoint peer; // peer_ belongs to the accept that is under way
    while (acceptor_.is_open()) {
        tcp_socket socket = acceptor_.accept(peer, failed);
        if (failed) break;
        admit(std::move(socket), peer);
    }
    acceptor_.close(failed);
}

void worker::cut() {
    const auto busy = [](const auto& one) { return !one->done(); };
    const auto lost = static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(), busy));
    counters_.cut.fetch_add(lost, std::memory_order_relaxed);
    while (!connections_.empty()) connections_.back()->abort();
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

// Reading again right after a write would find nothing and cost a system call; one handler arms all
// connections of this turn, by which time their next bytes have often come.
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
    // It may be in the middle of its own work: it goes when that has returned.
    asio::post(loop_.io(), [this, leaving = std::move(leaving)] { tell_gone(); });
}

void worker::tell_gone() {
    if (!gone_ || accepting_ || !connections_.empty()) return;
    const auto tell = std::move(gone_);
    gone_ = nullptr;
    tell();
}

void worker::schedule_sweep() {
    if (sweeping_) return;
    sweeping_ = true;
    loop_.call_at(loop_.now() + sweep_every, [this] { sweep(); });
}

void worker::sweep() {
    sweeping_ = false;
    const time_point now = loop_.now();
    for (std::size_t i = connections_.size(); i-- > 0;) // backwards: the visited may leave
        if (i < connections_.size()) connections_[i]->tick(now);
    while (!refused_.empty() && now >= refused_.front().until) refused_.pop_front();
    if (!connections_.empty() || !refused_.empty()) schedule_sweep();
}

} // namespace weir::http::detail
