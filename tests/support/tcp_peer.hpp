// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace test_support {

/// A server that accepts connections, says the same to each, and answers nothing. It keeps them open until its end.
class tcp_peer {
public:
    explicit tcp_peer(std::string speech)
        : speech_(std::move(speech)), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(at);
        if (::bind(fd_, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(fd_, 64) != 0 ||
            ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
            throw std::runtime_error("can't listen");
        port_ = ntohs(at.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~tcp_peer() {
        ::shutdown(fd_, SHUT_RDWR);
        thread_.join();
        ::close(fd_);
    }
    tcp_peer(const tcp_peer&) = delete;
    tcp_peer& operator=(const tcp_peer&) = delete;

    std::uint16_t port() const noexcept { return port_; }

private:
    void serve() const {
        std::vector<int> open;
        for (;;) {
            const int one = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
            if (one < 0) break;
            (void)!::send(one, speech_.data(), speech_.size(), MSG_NOSIGNAL);
            open.push_back(one);
        }
        for (const int one : open) ::close(one);
    }

    const std::string speech_;
    const int fd_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

} // namespace test_support
