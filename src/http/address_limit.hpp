// SPDX-License-Identifier: MIT
#pragma once

#include "http/network_list.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace weir::http::detail {

/// How many connections each client has open, over all loops of a server: a lock at accept and one at close,
/// nothing in between. An IPv4 address is a client, an IPv6 one with its /64: that is the least a network hands
/// out, and each of its 2^64 addresses would be a client otherwise. Thread-safe.
class address_limit {
public:
    /// Whom a connection was counted for.
    using client = std::uint64_t;
    static constexpr client nobody = ~client{0};

    /// 0: any number.
    explicit address_limit(std::size_t most, network_list unlimited = {});

    /// Counts one more; `nobody` where there is no limit, none when it would be one too many.
    std::optional<client> enter(const boost::asio::ip::address& from);
    void leave(client one) noexcept;

    /// How many clients are being counted.
    std::size_t clients() const;

private:
    // Who may choose addresses shouldn't be able to choose those that fall into one bucket.
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
