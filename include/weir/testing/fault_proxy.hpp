// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace weir::testing {

/// What a fault_proxy does to the bytes of one direction. Positions count from when the fault was set, or from the
/// connection's first byte if the connection is newer.
class fault {
public:
    enum class kind : std::uint8_t { none, deaf, blackhole, delay, trickle, slice, corrupt, cut, reset };

    fault() = default;

    /// Reads nothing, so that the sender's buffers fill up.
    static fault deaf() { return {kind::deaf, 0, {}}; }
    /// Reads everything and forwards nothing.
    static fault blackhole() { return {kind::blackhole, 0, {}}; }
    /// Forwards every piece this much later.
    static fault delay(duration by) { return {kind::delay, 0, by}; }
    /// Forwards `bytes` at a time, with a pause after each.
    static fault trickle(std::size_t bytes, duration pause) { return {kind::trickle, bytes, pause}; }
    /// Forwards `bytes` per write, without a pause.
    static fault slice(std::size_t bytes) { return {kind::slice, bytes, {}}; }
    /// Inverts the byte at that position.
    static fault corrupt(std::uint64_t position) { return {kind::corrupt, position, {}}; }
    /// After `bytes` both sides see an orderly end of the stream (0: instead of the first byte).
    static fault cut_after(std::uint64_t bytes) { return {kind::cut, bytes, {}}; }
    /// After `bytes` both sides see a reset (0: instead of the first byte).
    static fault reset_after(std::uint64_t bytes) { return {kind::reset, bytes, {}}; }

    kind what() const noexcept { return what_; }
    std::uint64_t bytes() const noexcept { return bytes_; }
    duration time() const noexcept { return time_; }

private:
    fault(kind what, std::uint64_t bytes, duration time) : what_(what), bytes_(bytes), time_(time) {}

    kind what_ = kind::none;
    std::uint64_t bytes_ = 0;
    duration time_{};
};

enum class direction : std::uint8_t { to_upstream, to_client };

struct fault_proxy_stats {
    std::uint64_t accepted = 0;
    std::uint64_t open = 0;
    std::uint64_t read_from_client = 0;
    std::uint64_t read_from_upstream = 0;
    std::uint64_t sent_to_client = 0;
    std::uint64_t sent_to_upstream = 0;
};

/// A TCP proxy on a free port of 127.0.0.1 that damages the traffic through it, for tests of software on a bad network.
/// Runs on its own thread, `fault-proxy`; a change of fault also applies to open connections and is in effect when the
/// call returns. Thread-safe.
///
///     fault_proxy line(server.port());
///     line.set(direction::to_client, fault::cut_after(80));
class fault_proxy {
public:
    explicit fault_proxy(std::uint16_t upstream_port, std::string upstream_address = "127.0.0.1");
    /// Ends all connections.
    ~fault_proxy();
    fault_proxy(const fault_proxy&) = delete;
    fault_proxy& operator=(const fault_proxy&) = delete;

    std::uint16_t port() const noexcept;
    /// `http://127.0.0.1:PORT`
    std::string base_url() const;

    void set(direction where, fault what);
    /// Sets the fault of both directions.
    void set(fault what);
    /// Refuses new connections; open ones stay.
    void refuse();
    /// Accepts connections again, without any fault.
    void heal();
    /// Resets every open connection now.
    void reset_all();

    fault_proxy_stats stats() const;
    /// Blocks until the stats satisfy the condition; returns false after `limit`.
    bool wait_until(std::function<bool(const fault_proxy_stats&)> holds,
                    duration limit = std::chrono::seconds(10)) const;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace weir::testing
