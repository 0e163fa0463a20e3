// SPDX-License-Identifier: MIT
#pragma once

#include <weir/amqp/queue.hpp>
#include <weir/core/result.hpp>

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#else
#include <amqp.h>
#endif

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::amqp {

inline amqp_bytes_t bytes(std::string_view text) noexcept { return {text.size(), const_cast<char*>(text.data())}; }
inline std::string_view text(amqp_bytes_t of) noexcept { return {static_cast<const char*>(of.bytes), of.len}; }

/// An error as a result<bool>, to which it doesn't convert.
inline result<bool> failed(error why) { return result<bool>(boost::system::in_place_error, std::move(why)); }

/// An entry of a table of arguments or headers; its strings must outlive it.
amqp_table_entry_t entry(std::string_view key, std::string_view value) noexcept;
amqp_table_entry_t entry(std::string_view key, std::int64_t value) noexcept;
amqp_table_entry_t entry(std::string_view key, bool value) noexcept;

inline amqp_table_t table(std::vector<amqp_table_entry_t>& of) noexcept {
    return {static_cast<int>(of.size()), of.data()};
}

/// A connection to a broker. Its calls block, up to connect_timeout for an answer. Belongs to one thread.
class connection {
public:
    /// Connects and logs in. errc::unavailable, unauthenticated or permission_denied.
    static result<std::unique_ptr<connection>> open(const queue_options& options, const std::string& host);
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection();

    amqp_connection_state_t state() const noexcept { return state_; }
    int fd() const noexcept { return amqp_get_sockfd(state_); }

    result<void> open_channel(amqp_channel_t channel);
    result<void> close_channel(amqp_channel_t channel);
    /// Acknowledges that the broker has closed a channel.
    void accept_close(amqp_channel_t channel) noexcept;
    result<void> confirm_select(amqp_channel_t channel);
    /// The outcome of the last request. After a channel's error the channel is closed.
    result<void> outcome(std::string_view what);
    result<void> outcome(const amqp_rpc_reply_t& reply, std::string_view what);
    /// Whether the last outcome was a failure of the whole connection, not of a channel.
    bool broken() const noexcept { return broken_; }
    /// The outcome of a send; after a failure the connection is broken.
    static result<void> sent(int status, std::string_view what);

    enum class got : std::uint8_t { frame, nothing, broken };
    /// Reads one frame without waiting. Sends and checks heartbeats.
    got read(amqp_frame_t& into, error& failure);
    /// Releases memory of the frames read so far.
    void release() noexcept { amqp_maybe_release_buffers(state_); }
    /// Says goodbye to the broker.
    void close() noexcept;

private:
    connection() : state_(amqp_new_connection()) {}

    result<void> open_socket(const queue_options& options, const std::string& host);
    result<amqp_socket_t*> make_socket(const queue_options& options);
    result<void> login(const queue_options& options);

    amqp_connection_state_t state_;
    bool broken_ = false;
};

} // namespace weir::amqp
