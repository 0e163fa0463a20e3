// SPDX-License-Identifier: MIT
#include "support/socket_client.hpp"

#include "support/reset_and_close.hpp"
#include "support/take_until.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace test_support {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::runtime_error(std::string(what) + ": " + std::generic_category().message(errno));
}

} // namespace

std::string wire_response::header(std::string_view name) const {
    const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return {};
    const std::size_t value = at + name.size() + 4;
    return head.substr(value, head.find("\r\n", value) - value);
}

socket_client::socket_client(std::uint16_t port, std::chrono::seconds limit) : socket_client(port, limit, 0) {}

socket_client socket_client::small(std::uint16_t port) { return {port, std::chrono::seconds(20), 4096}; }

socket_client socket_client::from(const std::string& address, std::uint16_t port) {
    return {port, std::chrono::seconds(20), 0, address.c_str()};
}

socket_client::socket_client(std::uint16_t port, std::chrono::seconds limit, int receive_buffer, const char* from)
    : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    if (fd_ < 0) fail("socket");
    if (receive_buffer != 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval patience{limit.count(), 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    const bool refused = from && (inet_pton(AF_INET, from, &own.sin_addr) != 1 ||
                                  bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (refused || connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        close(fd_);
        fail("connect");
    }
}

socket_client::~socket_client() {
    if (fd_ >= 0) close(fd_);
}

socket_client::socket_client(socket_client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}

void socket_client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) fail("send");
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

std::size_t socket_client::send_some(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

std::uint32_t socket_client::segments() const {
    tcp_info info{};
    socklen_t size = sizeof(info);
    if (::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) fail("getsockopt");
    return info.tcpi_data_segs_in;
}

void socket_client::await_delivery() {
    const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    int left = 1; // bytes in flight or unsent
    while (ioctl(fd_, SIOCOUTQ, &left) == 0 && left != 0)
        if (std::chrono::steady_clock::now() > late) throw std::runtime_error("the peer takes nothing");
}

bool socket_client::fill() {
    char buffer[65536];
    const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
    if (got < 0) fail("recv");
    received_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
}

wire_response socket_client::receive(bool head_only) {
    std::size_t blank = 0;
    while ((blank = received_.find("\r\n\r\n")) == std::string::npos)
        if (!fill()) throw std::runtime_error("the server closed before a response: '" + received_ + "'");
    wire_response res;
    res.head = received_.substr(0, blank + 2);
    std::from_chars(res.head.data() + 9, res.head.data() + 12, res.status);
    std::size_t size = 0;
    const std::string length = res.header("content-length");
    if (!head_only) std::from_chars(length.data(), length.data() + length.size(), size);
    while (received_.size() < blank + 4 + size)
        if (!fill()) throw std::runtime_error("the server closed in the middle of a response");
    res.body = received_.substr(blank + 4, size);
    received_.erase(0, blank + 4 + size);
    return res;
}

wire_response socket_client::request(std::string_view method, std::string_view target, std::string_view body,
                                     std::string_view more_headers) {
    std::string bytes;
    bytes.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(more_headers);
    if (!body.empty())
        bytes.append("Content-Type: application/json\r\nContent-Length: ")
            .append(std::to_string(body.size()))
            .append("\r\n");
    bytes.append("\r\n").append(body);
    send(bytes);
    return receive(method == "HEAD");
}

std::string socket_client::until(std::string_view text) {
    return take_until(text, received_, [this] { return fill(); });
}

std::string socket_client::take(std::size_t size) {
    while (received_.size() < size)
        if (!fill()) throw std::runtime_error("the server ended early");
    std::string taken = received_.substr(0, size);
    received_.erase(0, size);
    return taken;
}

bool socket_client::read_byte() {
    if (!received_.empty()) {
        received_.erase(0, 1);
        return true;
    }
    char one = 0;
    const ssize_t got = recv(fd_, &one, 1, 0);
    if (got < 0) fail("recv");
    return got > 0;
}

std::string socket_client::rest() {
    while (fill()) {
    }
    return std::exchange(received_, {});
}

bool socket_client::at_end() { return received_.empty() && !fill(); }

void socket_client::half_close() { shutdown(fd_, SHUT_WR); }

void socket_client::reset() { reset_and_close(std::exchange(fd_, -1)); }

} // namespace test_support
