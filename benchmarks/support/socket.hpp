// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace weir::bench {

/// A file descriptor that is closed when it goes.
class descriptor {
public:
    descriptor() noexcept = default;
    explicit descriptor(int fd) noexcept : fd_(fd) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept { return std::swap(fd_, other.fd_), *this; }
    ~descriptor();

    int fd() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// A listening, non-blocking socket on a free port of 127.0.0.1. Throws std::system_error.
descriptor listen_on_loopback();
std::uint16_t port_of(const descriptor& socket);

/// A blocking connection to 127.0.0.1 with TCP_NODELAY; no descriptor when nobody listens there.
/// Throws std::system_error on any other failure.
descriptor connect_to_loopback(std::uint16_t port);

/// Sends all of it on a blocking socket. Throws std::system_error.
void send_all(const descriptor& socket, std::string_view bytes);

/// The line that the scripts wait for: `listening on 127.0.0.1:PORT`.
void announce(std::uint16_t port);

/// Lets this process open as many descriptors as it may: the usual soft limit of 1,024 is too few.
void raise_descriptor_limit() noexcept;

} // namespace weir::bench
