// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdint>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace weir::amqp {

/// Wakes a thread that polls `fd()`. Thread-safe.
class wake_fd {
public:
    wake_fd() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (fd_ < 0) throw std::system_error(errno, std::system_category(), "eventfd");
    }
    wake_fd(const wake_fd&) = delete;
    wake_fd& operator=(const wake_fd&) = delete;
    ~wake_fd() { ::close(fd_); }

    int fd() const noexcept { return fd_; }
    void wake() const noexcept {
        const std::uint64_t one = 1;
        (void)!::write(fd_, &one, sizeof(one)); // fails only if the thread is to be woken already
    }
    void clear() const noexcept {
        std::uint64_t count = 0;
        (void)!::read(fd_, &count, sizeof(count));
    }

private:
    const int fd_;
};

} // namespace weir::amqp
