// SPDX-License-Identifier: MIT
#pragma once

#include "redis/wire/routing.hpp"
#include "redis/wire/url.hpp"
#include <weir/redis/reply.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace weir::redis::detail {

/// Which master of a cluster serves which slot.
class slot_map {
public:
    /// Reads the reply of CLUSTER SLOTS; `asked` is the server that sent it, whose host stands for an empty one.
    /// Returns false, and leaves the map as it is, if the reply has another shape or serves no slot.
    bool read(reply_view from, const address& asked);

    /// The index of a slot's node among `nodes`; -1 if no node serves it.
    int node_of(std::uint16_t slot) const noexcept { return slots_[slot]; }
    /// The masters, sorted.
    const std::vector<address>& nodes() const noexcept { return nodes_; }
    bool empty() const noexcept { return nodes_.empty(); }

    /// Notes that a slot has moved.
    void move(std::uint16_t slot, const address& to);

private:
    int index_of(const address& node);

    std::array<std::int16_t, slot_count> slots_ = all_unserved();
    std::vector<address> nodes_{};

    static constexpr std::array<std::int16_t, slot_count> all_unserved() {
        std::array<std::int16_t, slot_count> none{};
        for (auto& one : none) one = -1;
        return none;
    }
};

/// An error reply that names another node: `MOVED 3999 127.0.0.1:6381`.
struct redirect {
    bool ask = false; ///< for this command only (ASK)
    std::uint16_t slot = 0;
    address to{};
};

/// `asked` is the server that sent it, whose host stands for an empty one. Nothing if it is another error.
std::optional<redirect> read_redirect(std::string_view error_reply, const address& asked);

/// Reads `host:port`, as Redis writes it: an IPv6 address has no brackets.
std::optional<address> read_address(std::string_view text);

} // namespace weir::redis::detail
