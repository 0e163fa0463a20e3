// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/redis/reply.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

struct redisReader;

namespace weir::redis::detail {

/// Reads replies from the bytes of a connection, by hiredis's parser. It does no I/O, bounds what a server can make it
/// keep, and reuses its memory from reply to reply.
class reply_reader {
public:
    /// `max_reply` limits the bytes of one reply, elements included.
    explicit reply_reader(std::size_t max_reply);
    ~reply_reader();
    reply_reader(const reply_reader&) = delete;
    reply_reader& operator=(const reply_reader&) = delete;

    /// Takes bytes of the connection.
    void feed(std::string_view bytes);
    /// Returns the next complete reply, valid until the next call; null if more bytes are needed, or if the bytes
    /// aren't RESP or a limit is exceeded: `failure` then says so for good.
    const reply_tree* next();
    const error& failure() const noexcept { return failure_; }

    static constexpr std::size_t max_line = 64 * 1024; ///< bytes of a status, an error or a length

private:
    struct building;

    void check_size();
    void fail();

    std::unique_ptr<building> building_; // its address is known to hiredis
    std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
    error failure_{};
};

} // namespace weir::redis::detail
