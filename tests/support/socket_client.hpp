// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace test_support {

/// One response as it came over the wire.
struct wire_response {
    int status = 0;
    std::string head{};
    std::string body{};

    /// The value of a header by its lower-case name, empty when absent.
    std::string header(std::string_view name) const;
};

/// A blocking TCP client for tests: raw bytes out, responses in. Everything it waits for has a limit, after
/// which it throws std::runtime_error.
class socket_client {
public:
    explicit socket_client(std::uint16_t port, std::chrono::seconds limit = std::chrono::seconds(20));
    /// One whose kernel holds little of what it hasn't read, so that the server has to wait.
    static socket_client small(std::uint16_t port);
    /// One that comes from another of this machine's addresses, such as 127.0.0.2.
    static socket_client from(const std::string& address, std::uint16_t port);
    ~socket_client();
    socket_client(socket_client&& other) noexcept;
    socket_client(const socket_client&) = delete;
    socket_client& operator=(const socket_client&) = delete;

    void send(std::string_view bytes);
    /// As much as the kernel takes without waiting; for a server that has stopped reading.
    std::size_t send_some(std::string_view bytes);
    /// Waits until the peer's kernel has all that was sent.
    void await_delivery();
    /// How many packets with data have come.
    std::uint32_t segments() const;
    /// The next response; `head_only` for answers to HEAD.
    wire_response receive(bool head_only = false);
    wire_response request(std::string_view method, std::string_view target, std::string_view body = {},
                          std::string_view more_headers = {});
    /// What comes up to and with the text.
    std::string until(std::string_view text);
    /// As many bytes as that; throws when the server ends before.
    std::string take(std::size_t size);
    /// Reads one byte, and leaves what is behind it to the kernel; false at the end.
    bool read_byte();
    /// What comes until the server closes; throws when it doesn't within the limit.
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
