// SPDX-License-Identifier: MIT
#pragma once

#include <weir/mq/message.hpp>
#include <weir/redis/reply.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::redis::detail {

/// A message's parts but its topic, each with its length.
std::string encode_message(const message& one);
/// Nothing if the bytes aren't of `encode_message`.
std::optional<message> decode_message(std::string_view topic, std::string_view bytes);

/// The attempts so far, of a delivery whose next attempt has that number.
std::string encode_state(const delivery& of, std::uint32_t attempt);
/// Ignores what it can't read.
void decode_state(std::string_view state, delivery& into);

/// An entry of a stream.
struct stream_record {
    std::string entry{}; ///< its id in the stream
    std::string key{};
    std::shared_ptr<const message> content{}; ///< with an empty body if it couldn't be decoded
    std::string state{};
    bool redelivered = false;
    bool decoded = false;
};

stream_record read_record(std::string_view topic, reply_view entry);
delivery delivery_of(const stream_record& of);
/// When an entry was added.
wall_time added_at(std::string_view entry);

} // namespace weir::redis::detail
