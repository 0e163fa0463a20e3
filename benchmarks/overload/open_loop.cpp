// SPDX-License-Identifier: MIT
#include "overload/open_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <system_error>

namespace weir::bench {

namespace {

constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::string_view last_request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
constexpr std::string_view probe = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
constexpr std::size_t idle_connections = 32;            // initially
constexpr auto spinning = std::chrono::milliseconds(2); // busy-wait this long before the next one is due

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::system_category(), what); }

// Starts a connection; data sent earlier is sent once it is established.
descriptor connecting(std::uint16_t port) {
    descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!made) fail("socket");
    const int on = 1;
    ::setsockopt(made.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(made.fd(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0 && errno != EINPROGRESS)
        fail("connect");
    return made;
}

} // namespace

int whole_response(std::string_view bytes) {
    constexpr std::string_view length_name = "\r\ncontent-length: ";
    const auto head_end = bytes.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return 0;
    int status = 0;
    if (bytes.starts_with("HTTP/1.1 ")) std::from_chars(bytes.data() + 9, bytes.data() + 12, status);
    const auto length_at = bytes.find(length_name);
    if (status == 0 || length_at > head_end) throw std::runtime_error("not a response: " + std::string(bytes));
    std::size_t length = 0;
    std::from_chars(bytes.data() + length_at + length_name.size(), bytes.data() + head_end, length);
    return bytes.size() - head_end - 4 >= length ? status : 0;
}

// A connection and its current request.
struct open_loop::exchange {
    descriptor socket{};
    std::string_view unsent{};
    std::string answer{};
    steady::time_point due{};
    std::uint64_t number = 0; // 0: no request in progress
    bool is_probe = false;
    bool is_last = false; // the connection's last one
};

open_loop::open_loop(const open_loop_options& options)
    : options_(options), random_(options.seed), epoll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(64 * 1024) {
    if (!connect_to_loopback(options.port)) throw std::runtime_error("no server listens there");
    for (std::size_t i = 0; i < idle_connections; ++i) idle_.push_back(&start({}, {}));
}

open_loop::~open_loop() = default;

open_loop_figures open_loop::run() {
    const auto begun = steady::now();
    next_due_ = next_probe_ = begun;
    counted_from_ = begun + options_.warmup;
    counted_to_ = counted_from_ + options_.measured;
    for (auto now = begun; now < counted_to_ || !running_.empty(); now = steady::now()) {
        send_due(now);
        send_probe(now);
        expire(now);
        wait(now);
        drop_dead();
    }
    std::sort(figures_.latencies.begin(), figures_.latencies.end());
    return figures_;
}

steady::duration open_loop::next_gap() {
    const double fraction = (static_cast<double>(random_() >> 11) + 0.5) / 9007199254740992.0;
    return std::chrono::duration_cast<steady::duration>(
        std::chrono::duration<double>(-std::log(fraction) / options_.per_second));
}

void open_loop::send_due(steady::time_point now) {
    for (; next_due_ <= now && next_due_ < counted_to_; next_due_ += next_gap()) {
        if (next_due_ >= counted_from_) {
            ++figures_.due;
            figures_.slowest_start = std::max(figures_.slowest_start, steady::now() - next_due_);
        }
        if (options_.reconnects) {
            start(last_request, next_due_).is_last = true;
            continue;
        }
        if (idle_.empty()) {
            start(request, next_due_);
            continue;
        }
        exchange& one = *idle_.back();
        idle_.pop_back();
        begin(one, request, next_due_);
    }
}

void open_loop::send_probe(steady::time_point now) {
    if (now < next_probe_ || now >= counted_to_) return;
    next_probe_ += options_.probe_every;
    exchange& one = start(probe, now);
    one.is_probe = one.is_last = true;
    if (now >= counted_from_) ++figures_.probes.asked;
}

open_loop::exchange& open_loop::start(std::string_view what, steady::time_point due) {
    auto made = std::make_unique<exchange>();
    made->socket = connecting(options_.port);
    epoll_event interest{};
    interest.events = EPOLLIN | EPOLLOUT | EPOLLET;
    interest.data.ptr = made.get();
    if (::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, made->socket.fd(), &interest) != 0) fail("epoll_ctl");
    all_.push_back(std::move(made));
    if (!what.empty()) begin(*all_.back(), what, due);
    return *all_.back();
}

void open_loop::begin(exchange& one, std::string_view what, steady::time_point due) {
    one.number = ++last_number_;
    one.due = due;
    one.unsent = what;
    one.answer.clear();
    running_.emplace_back(one.number, &one);
    send(one);
}

void open_loop::send(exchange& one) {
    if (one.unsent.empty()) return;
    const auto sent = ::send(one.socket.fd(), one.unsent.data(), one.unsent.size(), MSG_NOSIGNAL);
    if (sent > 0) one.unsent.remove_prefix(static_cast<std::size_t>(sent));
    // other failures show up as an end of the input
}

void open_loop::receive(exchange& one) {
    for (;;) {
        const auto got = ::recv(one.socket.fd(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN)) return;
        if (got <= 0) {
            if (one.number != 0) end(one, 0, steady::now());
            one.socket = descriptor();
            std::erase(idle_, &one);
            return;
        }
        one.answer.append(buffer_.data(), static_cast<std::size_t>(got));
        const int status = one.number != 0 ? whole_response(one.answer) : 0;
        if (status == 0) continue;
        end(one, status, steady::now());
        if (!one.is_last) idle_.push_back(&one);
    }
}

void open_loop::end(exchange& one, int status, steady::time_point now) {
    const bool counts = one.due >= counted_from_ && one.due < counted_to_;
    const auto took = std::min(now - one.due, options_.patience);
    one.number = 0;
    if (!counts) return;
    if (one.is_probe) {
        if (status != 200) ++figures_.probes.lost;
        figures_.probes.slowest = std::max(figures_.probes.slowest, took);
        return;
    }
    if (status == 503) return void(++figures_.refused);
    ++(status == 200 ? figures_.good : figures_.lost);
    figures_.latencies.push_back(status == 200 ? took : options_.patience);
}

// Exchanges that ended have another number by now, or none.
void open_loop::expire(steady::time_point now) {
    while (!running_.empty()) {
        const auto [number, one] = running_.front();
        const bool over = one->number != number;
        if (!over && one->due + options_.patience > now) return;
        running_.pop_front();
        if (over) continue;
        end(*one, 0, now);
        one->socket = descriptor();
    }
}

void open_loop::wait(steady::time_point now) {
    std::array<epoll_event, 256> events;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(std::min(next_due_, next_probe_) - now);
    const int timeout = now >= counted_to_ ? 10 : left > spinning ? static_cast<int>((left - spinning).count()) : 0;
    const int ready = ::epoll_wait(epoll_.fd(), events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < ready; ++i) {
        exchange& one = *static_cast<exchange*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (!one.socket) continue;
        send(one);
        receive(one);
    }
}

// Removes closed exchanges once nothing points to them.
void open_loop::drop_dead() {
    if (all_.size() < 2 * (running_.size() + idle_.size()) + idle_connections) return;
    std::vector<const exchange*> pointed;
    for (const auto& one : running_) pointed.push_back(one.second);
    std::sort(pointed.begin(), pointed.end());
    std::erase_if(all_, [&](const auto& one) {
        return !one->socket && !std::binary_search(pointed.begin(), pointed.end(), one.get());
    });
}

} // namespace weir::bench
