// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace test_support {

/// A response as received.
struct wire_response {
    int status = 0;
    std::string head{};
    std::string body{};

    /// The value of a header by its lower-case name; empty if absent.
    std::string header(std::string_view name) const;
};

/// A blocking TCP client for tests: sends raw bytes, receives responses. Every wait has a limit, after which it throws
/// std::runtime_error.
class socket_client {
public:
    explicit socket_client(std::uint16_t port, std::chrono::seconds limit = std::chrono::seconds(20));
    /// A client with a small receive buffer, so that the server has to wait.
    static socket_client small(std::uint16_t port);
    /// A client that connects from another loopback address, such as 127.0.0.2.
    static socket_client from(const std::string& address, std::uint16_t port);
    ~socket_client();
    socket_client(socket_client&& other) noexcept;
    socket_client(const socket_client&) = delete;
    socket_client& operator=(const socket_client&) = delete;

    void send(std::string_view bytes);
    /// Sends as much as the kernel accepts without waiting; for a server that has stopped reading.
    std::size_t send_some(std::string_view bytes);
    /// Waits until the peer's kernel has received everything sent.
    void await_delivery();
    /// The number of data packets received.
    std::uint32_t segments() const;
    /// Returns the next response; pass `head_only` for responses to HEAD.
    wire_response receive(bool head_only = false);
    wire_response request(std::string_view method, std::string_view target, std::string_view body = {},
                          std::string_view more_headers = {});
    /// Returns the received bytes up to and including the text.
    std::string until(std::string_view text);
    /// Returns exactly that many bytes; throws if the server ends earlier.
    std::string take(std::size_t size);
    /// Reads one byte and leaves the following ones in the kernel; false at the end.
    bool read_byte();
    /// Returns everything until the server closes; throws if it doesn't within the limit.
    std::string rest();
    /// Whether the server has closed and nothing is left to read.
    bool at_end();
    void half_close();
    /// Closes with a reset instead of a FIN.
    void reset();

private:
    socket_client(std::uint16_t port, std::chrono::seconds limit, int receive_buffer, const char* from = nullptr);

    bool fill();

    int fd_ = -1;
    std::string received_;
};

} // namespace test_support
