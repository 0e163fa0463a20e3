// SPDX-License-Identifier: MIT
// raw_epoll --case FILE
// The lower bound for every server here: epoll, recv, count request terminators, send as many copies of a fixed
// response. It parses nothing, so no real server can be faster.
#include "http/client/case_file.hpp"
#include "support/arguments.hpp"
#include "support/socket.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace {

using namespace weir::bench;

constexpr std::string_view terminator = "\r\n\r\n";
constexpr std::size_t most_replies = 64;

/// Returns how many terminators `bytes` completes; `matched` is how much of one the connection's bytes ended with.
std::size_t count_terminators(std::string_view bytes, std::uint8_t& matched) {
    std::size_t count = 0;
    while (matched > 0 && !bytes.empty()) {
        if (bytes.front() != terminator[matched]) {
            matched = 0;
            break;
        }
        bytes.remove_prefix(1);
        if (++matched < terminator.size()) continue;
        matched = 0;
        ++count;
    }
    for (auto at = bytes.find(terminator); at != std::string_view::npos; at = bytes.find(terminator)) {
        bytes.remove_prefix(at + terminator.size());
        ++count;
    }
    for (std::uint8_t size = 3; size > 0 && !bytes.empty() && matched == 0; --size)
        if (bytes.ends_with(terminator.substr(0, size))) matched = size;
    return count;
}

std::string fixed_reply(const load_case& wanted) {
    return "HTTP/1.1 200 OK\r\nContent-Type: " + wanted.content_type +
           "\r\nContent-Length: " + std::to_string(wanted.body.size()) + "\r\n\r\n" + wanted.body;
}

class responder {
public:
    explicit responder(const load_case& wanted)
        : listener_(listen_on_loopback()), epoll_(::epoll_create1(EPOLL_CLOEXEC)), reply_(fixed_reply(wanted)) {
        for (std::size_t i = 0; i < most_replies; ++i) replies_ += reply_;
        watch(listener_.fd());
    }

    std::uint16_t port() const { return port_of(listener_); }

    [[noreturn]] void run() {
        std::array<epoll_event, 256> events;
        for (;;) {
            const int ready = ::epoll_wait(epoll_.fd(), events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < ready; ++i) {
                const int fd = events[static_cast<std::size_t>(i)].data.fd;
                fd == listener_.fd() ? accept_all() : answer(fd);
            }
        }
    }

private:
    void watch(int fd) {
        epoll_event interest{};
        interest.events = EPOLLIN;
        interest.data.fd = fd;
        if (::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, fd, &interest) != 0)
            throw std::system_error(errno, std::system_category(), "epoll_ctl");
    }

    void accept_all() {
        for (int fd; (fd = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            if (matched_.size() <= static_cast<std::size_t>(fd)) matched_.resize(static_cast<std::size_t>(fd) + 1);
            matched_[static_cast<std::size_t>(fd)] = 0;
            watch(fd);
        }
    }

    void answer(int fd) {
        const auto got = ::recv(fd, buffer_.data(), buffer_.size(), 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            ::close(fd);
            return;
        }
        auto count =
            count_terminators({buffer_.data(), static_cast<std::size_t>(got)}, matched_[static_cast<std::size_t>(fd)]);
        for (; count > most_replies; count -= most_replies) send(fd, most_replies);
        if (count > 0) send(fd, count);
    }

    // a short send would break the client's count and so fail the run instead of improving its result
    void send(int fd, std::size_t count) { ::send(fd, replies_.data(), count * reply_.size(), MSG_NOSIGNAL); }

    descriptor listener_;
    descriptor epoll_;
    std::string reply_;
    std::string replies_;
    std::vector<std::uint8_t> matched_; // by descriptor
    std::array<char, 64 * 1024> buffer_;
};

} // namespace

int main(int argc, char** argv) {
    try {
        raise_descriptor_limit();
        const arguments given({argv + 1, static_cast<std::size_t>(argc - 1)});
        responder server(read_case_file(given.text("case")));
        announce(server.port());
        server.run();
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "raw_epoll: %s\n", failure.what());
        return 1;
    }
}
