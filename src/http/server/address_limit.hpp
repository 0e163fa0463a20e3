// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/network_list.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace weir::http::detail {

/// Counts each client's open connections over all loops of a server: one lock at accept and one at close. A client is
/// an IPv4 address or an IPv6 /64, the smallest network that providers assign, since otherwise each of its 2^64
/// addresses would be a separate client. Thread-safe.
class address_limit {
public:
    /// The client that a connection is counted for.
    using client = std::uint64_t;
    static constexpr client uncounted = ~client{0};

    /// 0: no limit.
    explicit address_limit(std::size_t most, network_list unlimited = {});

    /// Counts one more connection. Returns `uncounted` if there is no limit for the address, and nothing if the limit
    /// is reached.
    std::optional<client> enter(const boost::asio::ip::address& from);
    void leave(client one) noexcept;

    /// The number of clients being counted.
    std::size_t clients() const;

private:
    // Seeded, so that a client that can choose its addresses cannot make them collide.
    struct seeded_hash {
        std::uint64_t seed;
        std::size_t operator()(client one) const noexcept;
    };

    const std::size_t most_;
    const network_list unlimited_;
    mutable std::mutex mutex_; // guards open_
    std::unordered_map<client, std::uint32_t, seeded_hash> open_;
};

} // namespace weir::http::detail
