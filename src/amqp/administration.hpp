// SPDX-License-Identifier: MIT
#pragma once

#include "amqp/message_codec.hpp"
#include "amqp/topology.hpp"

#include <memory>
#include <string>
#include <vector>

namespace weir::amqp {

/// A group on the broker.
struct group_name {
    std::string topic;
    std::string group;
};

/// Rare operations, each on a connection of its own, which block.
class administration {
public:
    explicit administration(const queue_options& options) : options_(options) {}

    result<void> declare(const group_name& of) const;
    result<std::vector<dead_letter>> dead_letters(const group_name& of, std::size_t most) const;
    result<std::size_t> requeue_dead(const group_name& of, const std::string& id) const;
    result<std::size_t> discard_dead(const group_name& of, const std::string& id) const;

private:
    struct taken;

    result<std::unique_ptr<connection>> connect() const;
    result<std::uint32_t> count_dead(connection& on, const group_name& of) const;
    result<std::optional<taken>> take_dead(connection& on, const group_name& of) const;
    void await_return(connection& on, const group_name& of, std::size_t expected) const;
    template<class F>
    result<std::size_t> for_dead(const group_name& of, std::size_t most, F f) const;
    result<void> publish(connection& on, const group_name& of, const message& one) const;

    const queue_options& options_;
};

} // namespace weir::amqp
