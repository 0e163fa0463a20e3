// SPDX-License-Identifier: MIT
#include "http/client/load.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <system_error>

namespace weir::bench {

namespace {

constexpr int patience_ms = 30'000; // servers are slow under valgrind, but not this slow

} // namespace

load::load(const load_case& wanted, std::uint16_t port)
    : wanted_(wanted), epoll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(256 * 1024) {
    for (std::size_t i = 0; i < wanted.depth; ++i) batch_ += wanted.request;
    for (std::size_t i = 0; i < wanted.connections; ++i) {
        auto socket = connect_to_loopback(port);
        if (!socket) throw std::runtime_error("nobody listens on port " + std::to_string(port));
        connections_.push_back(
            std::make_unique<connection>(connection{std::move(socket), response_reader(wanted.status, wanted.body)}));
        epoll_event interest{};
        interest.events = EPOLLIN;
        interest.data.ptr = connections_.back().get();
        if (::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, connections_.back()->socket.fd(), &interest) != 0)
            throw std::system_error(errno, std::system_category(), "epoll_ctl");
    }
}

load::~load() = default;

void load::run(std::size_t requests) {
    unsent_ = unanswered_ = requests;
    for (auto& peer : connections_) send_batch(*peer);
    std::array<epoll_event, 256> events;
    while (unanswered_ > 0) {
        const int ready = ::epoll_wait(epoll_.fd(), events.data(), static_cast<int>(events.size()), patience_ms);
        if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::system_category(), "epoll_wait");
        if (ready == 0) throw std::runtime_error(std::to_string(unanswered_) + " requests were never answered");
        for (int i = 0; i < ready; ++i)
            receive(*static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
}

void load::send_batch(connection& peer) {
    const auto count = std::min(wanted_.depth, unsent_);
    if (count == 0) return;
    // the batch is sent in full before responses are read: depth * request must fit the socket buffers
    send_all(peer.socket, std::string_view(batch_).substr(0, count * wanted_.request.size()));
    peer.outstanding = count;
    unsent_ -= count;
}

void load::receive(connection& peer) {
    const auto got = ::recv(peer.socket.fd(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) throw std::system_error(errno, std::system_category(), "recv");
    if (got == 0) throw std::runtime_error("the server closed a connection");
    const auto answered = peer.reader.take({buffer_.data(), static_cast<std::size_t>(got)});
    if (answered > peer.outstanding) throw std::runtime_error("more answers than requests");
    peer.outstanding -= answered;
    unanswered_ -= answered;
    if (peer.outstanding == 0) send_batch(peer);
}

} // namespace weir::bench
