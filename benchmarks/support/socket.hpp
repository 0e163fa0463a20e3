// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace weir::bench {

/// A file descriptor closed by the destructor.
class descriptor {
public:
    descriptor() noexcept = default;
    explicit descriptor(int fd) noexcept : fd_(fd) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~descriptor();

    int fd() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// A listening, non-blocking socket on a free port of 127.0.0.1. Throws std::system_error.
descriptor listen_on_loopback();
std::uint16_t port_of(const descriptor& socket);

/// Returns a blocking connection to 127.0.0.1 with TCP_NODELAY, or no descriptor if no process listens there. Throws
/// std::system_error on any other failure.
descriptor connect_to_loopback(std::uint16_t port);

/// Sends everything on a blocking socket. Throws std::system_error.
void send_all(const descriptor& socket, std::string_view bytes);

/// Prints the line that the scripts wait for: `listening on 127.0.0.1:PORT`.
void announce(std::uint16_t port);

/// Raises this process's limit of open descriptors to the maximum: the usual soft limit of 1,024 is too low.
void raise_descriptor_limit() noexcept;

} // namespace weir::bench
