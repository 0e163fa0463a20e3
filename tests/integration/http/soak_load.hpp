// SPDX-License-Identifier: MIT
#pragma once

#include "core/broken_pipe.hpp"
#include "integration/http/soak_server.hpp"
#include "integration/http/soak_wire.hpp"
#include "integration/http/take_body.hpp"
#include "support/websocket_frames.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <queue>
#include <random>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace soak {

using clock = std::chrono::steady_clock;

enum class kind : std::uint8_t {
    get,          // one request, kept alive
    later,        // one whose handler suspends
    post,         // JSON both ways
    pipelined,    // five at once
    slow,         // a request in ten pieces
    upload,       // a body that is read as a stream
    download,     // a body that is written as a stream
    file,         // sent by the kernel, or encrypted in pieces
    half_request, // goes away in the middle of its request
    half_answer,  // goes away in the middle of the response
    events,       // server-sent events, leaves after the third
    websocket,    // some messages, then the closing handshake
    half_close,   // closes its sending side before it has its response
    out_of_time,  // its handler takes too long
};
inline constexpr std::size_t kinds = 14;
inline constexpr std::array<std::string_view, kinds> kind_names{
    "get",  "later",        "post",        "pipelined", "slow",      "upload",     "download",
    "file", "half request", "half answer", "events",    "websocket", "half close", "out of time"};

// Per hundred connections.
inline constexpr std::array<int, kinds> kind_shares{22, 8, 17, 8, 7, 4, 5, 5, 5, 3, 3, 8, 3, 2};

/// A connection's next output, and the response it expects.
struct turn {
    std::string bytes{};
    std::size_t pieces = 1;            // sent with a pause between them
    std::vector<std::string> bodies{}; // of responses 200, in order
    std::string exactly{};             // or these bytes
    std::string until{};               // or any output that contains this, after `begins`
    std::string begins{};
    bool half_close = false; // once it is sent
    bool ends = false;       // the server closes after it
    bool leave = false;      // with a reset, once that has arrived
};

inline std::string get_of(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: soak\r\n\r\n"; }
inline std::string post_of(const std::string& target, std::string_view body) {
    return "POST " + target + " HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

inline turn bill_turn(std::uint64_t n) {
    const auto text = std::to_string(n);
    return {.bytes = post_of("/bill", R"({"id":)" + text + R"(,"prices":[1,20,300,)" + text + "]}"),
            .bodies = {R"({"id":)" + text + R"(,"sum":)" + std::to_string(n + 321) + "}"}};
}

inline turn pipelined_turn(std::uint64_t n) {
    turn all;
    for (std::uint64_t i = 0; i < 4; ++i) {
        const std::string number = std::to_string(n + i);
        const std::string what = i == 2 ? "later" : "number";
        all.bytes += get_of("/" + what + "/" + number);
        all.bodies.push_back(what + " " + number);
    }
    turn last = bill_turn(n);
    all.bytes += last.bytes;
    all.bodies.push_back(last.bodies[0]);
    return all;
}

inline turn websocket_turn(std::uint64_t n, std::uint64_t since_connect) {
    if (since_connect == 0)
        return {.bytes = test_support::handshake("/echo"), .until = "\r\n\r\n", .begins = "HTTP/1.1 101 "};
    if (since_connect == 8)
        return {.bytes = test_support::client_frame(8, test_support::close_payload(1000)),
                .exactly = test_support::server_close(1000),
                .leave = true};
    const std::string text = "message " + std::to_string(n);
    return {.bytes = test_support::client_frame(1, text), .exactly = test_support::server_frame(1, text)};
}

inline turn next_turn(kind what, std::uint64_t n, std::uint64_t since_connect) {
    const std::string number = std::to_string(n);
    switch (what) {
    case kind::get:
        return {.bytes = get_of("/number/" + number), .bodies = {"number " + number}};
    case kind::later:
        return {.bytes = get_of("/later/" + number), .bodies = {"later " + number}};
    case kind::post:
        return bill_turn(n);
    case kind::pipelined:
        return pipelined_turn(n);
    case kind::slow: {
        turn slow = bill_turn(n);
        slow.pieces = 10;
        return slow;
    }
    case kind::upload: {
        const std::size_t size = 20'000 + n % 50'000;
        return {.bytes = post_of("/count", std::string(size, 'u')), .pieces = 3, .bodies = {std::to_string(size)}};
    }
    case kind::download: {
        std::string all;
        for (int i = 0; i < stream_pieces; ++i) all += stream_piece(i);
        return {.bytes = get_of("/stream"), .bodies = {std::move(all)}};
    }
    case kind::file:
        return {.bytes = get_of("/files/large"), .bodies = {file_text}};
    case kind::half_request: {
        turn half = bill_turn(n);
        half.bytes.resize(half.bytes.size() * (1 + n % 8) / 9);
        half.bodies.clear();
        half.leave = true;
        return half;
    }
    case kind::half_answer:
        return {.bytes = get_of("/endless"), .until = "xxxx", .begins = "HTTP/1.1 200 ", .leave = true};
    case kind::events:
        return {.bytes = get_of("/events"), .until = "data: 2\n\n", .begins = "HTTP/1.1 200 ", .leave = true};
    case kind::websocket:
        return websocket_turn(n, since_connect);
    case kind::half_close:
        return {.bytes = get_of("/later/" + number),
                .bodies = {"later " + number},
                .half_close = true,
                .ends = true,
                .leave = true};
    case kind::out_of_time:
        return {.bytes = get_of("/hasty/stuck"),
                .until = R"("details":[]})",
                .begins = "HTTP/1.1 504 ",
                .ends = true,
                .leave = true};
    }
    return {};
}

/// Many connections of all kinds from one thread: each sends something, reads the response, checks every byte of it and
/// rests for about two seconds, or `rest`.
class load {
public:
    /// Over TLS if there are settings, which outlive it.
    load(std::uint16_t port, std::size_t connections, std::chrono::milliseconds rest = std::chrono::seconds(2),
         SSL_CTX* settings = nullptr)
        : port_(port), rest_(rest), epoll_(epoll_create1(EPOLL_CLOEXEC)), settings_(settings) {
        weir::detail::ignore_broken_pipes(); // OpenSSL writes without MSG_NOSIGNAL
        std::size_t what = 0, left = 0;
        for (std::size_t i = 0; i < connections; ++i) {
            // A hundred of each in turn, so that each kind comes from each address.
            if (i % 100 == 0) what = 0, left = static_cast<std::size_t>(kind_shares[0]);
            while (left == 0) left = static_cast<std::size_t>(kind_shares[++what]);
            --left;
            visitors_.emplace_back();
            visitors_.back().what = static_cast<kind>(what);
            wake_at(i, clock::now() + std::chrono::microseconds(500 * i));
        }
    }
    ~load() {
        close_all();
        close(epoll_);
    }
    load(const load&) = delete;
    load& operator=(const load&) = delete;

    /// Runs for that long.
    void run_for(clock::duration time) {
        const auto until = clock::now() + time;
        while (clock::now() < until) {
            run_due();
            std::array<epoll_event, 256> ready;
            const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), wait_time());
            for (int i = 0; i < count; ++i) {
                const auto& one = ready[static_cast<std::size_t>(i)];
                step(one.data.u64, [&](visitor& v) { attend(v, one.data.u64); });
            }
        }
        for (std::size_t i = 0; i < visitors_.size(); ++i)
            if (visitors_[i].talking && clock::now() - visitors_[i].since > std::chrono::seconds(20))
                step(i, [](visitor&) { throw std::runtime_error("no answer for 20 seconds"); });
    }

    std::size_t connected() const {
        return static_cast<std::size_t>(
            std::count_if(visitors_.begin(), visitors_.end(), [](const visitor& v) { return v.line.is_open(); }));
    }
    std::uint64_t done(kind what) const { return done_[static_cast<std::size_t>(what)]; }
    /// The count of the rarest kind.
    std::uint64_t fewest() const { return *std::min_element(done_.begin(), done_.end()); }
    std::uint64_t wrong() const { return wrong_; }
    const std::string& first_wrong() const { return first_wrong_; }

    /// Half of them with a reset.
    void close_all() {
        for (std::size_t i = 0; i < visitors_.size(); ++i)
            if (visitors_[i].line.is_open()) visitors_[i].line.close(i % 2 == 0);
    }

private:
    struct visitor {
        kind what = kind::get;
        wire line{};
        bool talking = false;
        std::uint64_t since_connect = 0; // turns
        turn now{};
        std::size_t sent = 0;
        std::size_t may_send = 0; // of the turn's bytes, so far
        std::size_t answered = 0; // of its bodies
        bool heard = false;       // the whole response
        bool ended = false;       // the server has closed
        std::string in{};
        clock::time_point since{}; // the turn's start
        clock::time_point due{};
    };

    template<class F>
    void step(std::size_t index, F f) {
        visitor& v = visitors_[index];
        try {
            f(v);
        } catch (const std::exception& failed) {
            if (wrong_++ == 0)
                first_wrong_ = std::string(kind_names[static_cast<std::size_t>(v.what)]) + ": " + failed.what();
            if (v.line.is_open()) v.line.close(true);
            rest(v, index);
        }
    }

    void wake_at(std::size_t index, clock::time_point when) {
        visitors_[index].due = when;
        due_.push({when, index});
    }
    int wait_time() const {
        if (due_.empty()) return 50;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(due_.top().first - clock::now());
        return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 50));
    }
    void run_due() {
        const auto now = clock::now();
        while (!due_.empty() && due_.top().first <= now) {
            const auto [when, index] = due_.top();
            due_.pop();
            if (visitors_[index].due != when) continue;
            step(index, [&, i = index](visitor& v) { v.talking ? send_more(v, i) : begin(v, i); });
        }
    }

    void begin(visitor& v, std::size_t index) {
        if (!v.line.is_open()) dial(v, index);
        v.now = next_turn(v.what, ++turns_, v.since_connect++);
        v.talking = true;
        v.sent = v.may_send = v.answered = 0;
        v.heard = v.ended = false;
        v.since = clock::now();
        send_more(v, index);
    }

    void dial(visitor& v, std::size_t index) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0) throw std::runtime_error("no socket");
        v.line.open(fd, settings_);
        const int on = 1, small = 16 * 1024;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (v.what == kind::half_answer) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        sockaddr_in own{}, to{};
        own.sin_family = to.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + static_cast<std::uint32_t>(index % 8)); // from 127.0.0.2 on
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port = htons(port_);
        if (bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) throw std::runtime_error("bind");
        if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS)
            throw std::runtime_error("connect");
        epoll_event wanted{};
        wanted.events = EPOLLIN | EPOLLOUT | EPOLLET;
        wanted.data.u64 = index;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &wanted);
        v.since_connect = 0;
        v.in.clear();
    }

    // The next piece; the rest of it follows when there is room.
    void send_more(visitor& v, std::size_t index) {
        v.may_send = std::min(v.now.bytes.size(), v.may_send + (v.now.bytes.size() + v.now.pieces - 1) / v.now.pieces);
        push(v);
        if (v.may_send < v.now.bytes.size()) wake_at(index, clock::now() + std::chrono::milliseconds(60));
        heard(v, index);
    }
    void push(visitor& v) {
        while (v.sent < v.may_send) {
            const ssize_t went = v.line.send(v.now.bytes.data() + v.sent, v.may_send - v.sent);
            if (went < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
            if (went < 0) throw std::runtime_error("sending failed with " + std::to_string(errno));
            v.sent += static_cast<std::size_t>(went);
            if (v.now.half_close && v.sent == v.now.bytes.size()) v.line.half_close();
        }
    }

    void attend(visitor& v, std::size_t index) {
        if (!v.line.is_open()) return;
        push(v);
        for (;;) {
            std::array<char, 16384> room;
            const ssize_t got = v.line.receive(room.data(), room.size());
            if (got < 0 && (errno == EAGAIN || errno == ENOTCONN)) break;
            if (got < 0) throw std::runtime_error("reading failed with " + std::to_string(errno));
            if (got == 0 && !v.now.ends)
                throw std::runtime_error("the server closed, after '" + v.in.substr(0, 300) + "'");
            v.ended = got == 0;
            if (v.ended) break;
            if (!v.talking) throw std::runtime_error("the server speaks unasked");
            v.in.append(room.data(), static_cast<std::size_t>(got));
            if (heard(v, index)) return;
        }
        if (v.talking && !heard(v, index) && v.ended) throw std::runtime_error("the server closed too early");
    }

    // Whether the turn is complete.
    bool heard(visitor& v, std::size_t index) {
        if (v.sent < v.now.bytes.size()) return false;
        v.heard = v.heard || answered(v);
        if (!v.heard || (v.now.ends && !v.ended)) return false;
        if (!v.in.empty() && !v.now.leave) throw std::runtime_error("more than was asked for");
        ++done_[static_cast<std::size_t>(v.what)];
        if (v.now.leave) v.line.close(true);
        rest(v, index);
        return true;
    }

    static bool answered(visitor& v) {
        const turn& now = v.now;
        if (!now.exactly.empty()) {
            if (v.in.size() < now.exactly.size()) return false;
            if (!v.in.starts_with(now.exactly)) throw std::runtime_error("heard something else");
            v.in.erase(0, now.exactly.size());
        } else if (!now.until.empty()) {
            if (v.in.find(now.until) == std::string::npos) return false;
            if (!v.in.starts_with(now.begins)) throw std::runtime_error("answered " + v.in.substr(0, 300));
            v.in.clear();
        }
        while (v.answered < now.bodies.size()) {
            const auto body = test_support::take_body(v.in);
            if (!body) return false;
            if (*body != now.bodies[v.answered]) throw std::runtime_error("a wrong body: " + body->substr(0, 300));
            ++v.answered;
        }
        return true;
    }

    void rest(visitor& v, std::size_t index) {
        v.talking = false;
        v.now = {};
        v.sent = v.may_send = 0;
        const auto spread = static_cast<std::uint32_t>(rest_.count());
        wake_at(index, clock::now() + rest_ / 2 + std::chrono::milliseconds(random_() % spread));
    }

    using wake = std::pair<clock::time_point, std::size_t>;

    std::uint16_t port_;
    std::chrono::milliseconds rest_;
    int epoll_;
    SSL_CTX* settings_;
    std::vector<visitor> visitors_;
    std::priority_queue<wake, std::vector<wake>, std::greater<>> due_;
    std::mt19937 random_{20261123};
    std::uint64_t turns_ = 0;
    std::array<std::uint64_t, kinds> done_{};
    std::uint64_t wrong_ = 0;
    std::string first_wrong_;
};

} // namespace soak
