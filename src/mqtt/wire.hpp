// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/loop.hpp>
#include <weir/mqtt/client.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace weir::mqtt::detail {

struct server_address {
    std::string host{};
    std::uint16_t port = 0;
    bool secure = false;
};

/// errc::invalid_argument for anything but `mqtt://host[:port]` and `mqtts://host[:port]`; IPv6 addresses have
/// brackets.
result<server_address> parse_server(const std::string& url);

/// A byte stream to a broker. Belongs to one loop. Its operations must have ended before it is destroyed; `close` ends
/// them.
class wire {
public:
    virtual ~wire() = default;

    virtual task<result<void>> connect(const server_address& to) = 0;
    /// Returns at least one byte's count. errc::unavailable at the stream's end.
    virtual task<result<std::size_t>> read(char* into, std::size_t size) = 0;
    /// Writes all bytes, which must live until `done` is called. One write at a time.
    virtual void write(const std::string& bytes, std::function<void(error)> done) = 0;
    /// Tells the broker that nothing more will be sent.
    virtual void end_writing() noexcept = 0;
    virtual void close() noexcept = 0;
};

/// Throws std::invalid_argument for TLS files that can't be used.
void check_tls(const tls_options& tls);

/// Throws std::invalid_argument for TLS files that can't be used.
std::shared_ptr<wire> new_wire(loop& home, const server_address& to, const tls_options& tls);

} // namespace weir::mqtt::detail
