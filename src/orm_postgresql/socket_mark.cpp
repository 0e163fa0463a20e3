// SPDX-License-Identifier: MIT
#include "orm_postgresql/socket_mark.hpp"

#include <atomic>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::orm {

namespace {

constexpr std::string_view option_name = "tcp_user_timeout=";

// Too long to affect an opening.
constexpr unsigned shortest = 3'600'000;
constexpr unsigned marks = 1'000'000;

struct folder_closer {
    void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

unsigned user_timeout_of(int socket) {
    unsigned value = 0;
    socklen_t size = sizeof(value);
    return ::getsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &size) == 0 ? value : 0;
}

// The number may be reused by another socket at any time: checks and shuts a duplicate descriptor.
void shut_if_marked(int number, unsigned mark) {
    if (user_timeout_of(number) != mark) return;
    const int socket = ::fcntl(number, F_DUPFD_CLOEXEC, 0);
    if (socket < 0) return;
    if (user_timeout_of(socket) == mark) ::shutdown(socket, SHUT_RDWR);
    ::close(socket);
}

// Passes each descriptor of the process to `see`.
template<class F>
void for_each_descriptor(F see) {
    const std::unique_ptr<DIR, folder_closer> all(::opendir("/proc/self/fd"));
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread has this stream
    while (const dirent* const one = all ? ::readdir(all.get()) : nullptr) {
        const std::string_view name = one->d_name;
        int number = -1;
        if (std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc{}) see(number);
    }
}

unsigned asked_for(std::string_view url) {
    unsigned value = 0;
    const std::size_t found = url.rfind(option_name);
    if (found != std::string_view::npos)
        std::from_chars(url.data() + found + option_name.size(), url.data() + url.size(), value);
    return value;
}

} // namespace

socket_mark::socket_mark() {
    static std::atomic<unsigned> made = 0;
    milliseconds_ = shortest + made.fetch_add(1, std::memory_order_relaxed) % marks;
}

std::string socket_mark::option() const { return std::string(option_name) + std::to_string(milliseconds_); }

void socket_mark::shut_sockets() const noexcept {
    for_each_descriptor([this](int number) { shut_if_marked(number, milliseconds_); });
}

bool socket_mark::close_sockets() const noexcept {
    bool any = false;
    for_each_descriptor([&](int number) {
        if (user_timeout_of(number) != milliseconds_) return;
        ::close(number);
        any = true;
    });
    return any;
}

void socket_mark::take_from(int socket, std::string_view url) const noexcept {
    const unsigned value = asked_for(url);
    ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof(value));
}

} // namespace weir::orm
