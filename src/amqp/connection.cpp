// SPDX-License-Identifier: MIT
#include "amqp/connection.hpp"

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sys/time.h>
#include <utility>

namespace weir::amqp {

namespace {

constexpr int frame_max = 131'072;
constexpr int channel_max = 2'047;

timeval timeval_of(duration limit) noexcept {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(limit).count();
    timeval made{};
    made.tv_sec = static_cast<time_t>(micros / 1'000'000);
    made.tv_usec = static_cast<suseconds_t>(micros % 1'000'000);
    return made;
}

struct address {
    std::string host;
    int port;
};

// `host`, `host:port` or `[v6]:port`.
address parse_address(const std::string& text, int default_port) {
    const std::size_t colon = text.rfind(':');
    const bool bracketed = text.starts_with('[');
    if (colon == std::string::npos || (bracketed && text.find(']') > colon)) return {text, default_port};
    int port = default_port;
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
    std::string host = text.substr(0, colon);
    if (bracketed && host.size() > 2) host = host.substr(1, host.size() - 2);
    return {std::move(host), port};
}

errc kind_of(int code) noexcept {
    switch (code) {
    case AMQP_ACCESS_REFUSED:
        return errc::permission_denied;
    case AMQP_NOT_FOUND:
        return errc::not_found;
    case AMQP_PRECONDITION_FAILED:
    case AMQP_RESOURCE_LOCKED:
        return errc::conflict;
    case AMQP_NOT_IMPLEMENTED:
        return errc::unimplemented;
    default:
        return errc::unavailable;
    }
}

error library_error(std::string_view what, int status) {
    return error(errc::unavailable, fmt::format("{}: {}", what, amqp_error_string2(status)));
}

template<class Close>
error broker_error(std::string_view what, const void* decoded) {
    const auto& closed = *static_cast<const Close*>(decoded);
    return error(kind_of(closed.reply_code),
                 fmt::format("{}: {} {}", what, closed.reply_code, text(closed.reply_text)));
}

} // namespace

amqp_table_entry_t entry(std::string_view key, std::string_view value) noexcept {
    amqp_table_entry_t made{};
    made.key = bytes(key);
    made.value.kind = AMQP_FIELD_KIND_UTF8;
    made.value.value.bytes = bytes(value);
    return made;
}

amqp_table_entry_t entry(std::string_view key, std::int64_t value) noexcept {
    amqp_table_entry_t made{};
    made.key = bytes(key);
    made.value.kind = AMQP_FIELD_KIND_I64;
    made.value.value.i64 = value;
    return made;
}

amqp_table_entry_t entry(std::string_view key, bool value) noexcept {
    amqp_table_entry_t made{};
    made.key = bytes(key);
    made.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    made.value.value.boolean = value ? 1 : 0;
    return made;
}

result<std::unique_ptr<connection>> connection::open(const queue_options& options, const std::string& host) {
    std::unique_ptr<connection> made(new connection());
    if (!made->state_) return error(errc::unavailable, "there is no memory for a connection");
    if (auto opened = made->open_socket(options, host); !opened) return opened.error();
    if (auto in = made->login(options); !in) return in.error();
    return made;
}

connection::~connection() {
    if (state_) amqp_destroy_connection(state_);
}

result<amqp_socket_t*> connection::make_socket(const queue_options& options) {
    const tls_options& tls = options.tls;
    if (tls.authority_file.empty()) return amqp_tcp_socket_new(state_);
    amqp_socket_t* const made = amqp_ssl_socket_new(state_);
    if (!made) return made;
    amqp_ssl_socket_set_verify_peer(made, 1);
    amqp_ssl_socket_set_verify_hostname(made, tls.verify_host ? 1 : 0);
    int status = amqp_ssl_socket_set_cacert(made, tls.authority_file.c_str());
    if (status == AMQP_STATUS_OK && !tls.certificate_file.empty())
        status = amqp_ssl_socket_set_key(made, tls.certificate_file.c_str(), tls.key_file.c_str());
    if (status != AMQP_STATUS_OK) return library_error("can't read the certificates for the broker", status);
    return made;
}

result<void> connection::open_socket(const queue_options& options, const std::string& host) {
    const address to = parse_address(host, options.tls.authority_file.empty() ? 5672 : 5671);
    const auto made = make_socket(options);
    if (!made) return made.error();
    if (!*made) return error(errc::unavailable, "there is no memory for a socket");
    const timeval limit = timeval_of(options.connect_timeout);
    const int status = amqp_socket_open_noblock(*made, to.host.c_str(), to.port, &limit);
    return sent(status, fmt::format("can't connect to the broker at {}", host));
}

result<void> connection::login(const queue_options& options) {
    const timeval limit = timeval_of(options.connect_timeout);
    amqp_set_handshake_timeout(state_, &limit);
    amqp_set_rpc_timeout(state_, &limit);
    const auto heartbeat = std::chrono::duration_cast<std::chrono::seconds>(options.heartbeat).count();
    std::vector<amqp_table_entry_t> capabilities{
        entry("connection.blocked", true), entry("consumer_cancel_notify", true), entry("publisher_confirms", true),
        entry("basic.nack", true), entry("authentication_failure_close", true)};
    std::vector<amqp_table_entry_t> properties{
        entry("product", std::string_view("weir")), entry("connection_name", options.name)};
    amqp_table_entry_t nested{};
    nested.key = bytes("capabilities");
    nested.value.kind = AMQP_FIELD_KIND_TABLE;
    nested.value.value.table = table(capabilities);
    properties.push_back(nested);
    const amqp_table_t shown = table(properties);
    const auto reply = amqp_login_with_properties(
        state_, options.vhost.c_str(), channel_max, frame_max, static_cast<int>(heartbeat), &shown,
        AMQP_SASL_METHOD_PLAIN, options.user.c_str(), options.password.c_str());
    return outcome(reply, "the broker refuses the login of " + options.user);
}

result<void> connection::outcome(std::string_view what) { return outcome(amqp_get_rpc_reply(state_), what); }

result<void> connection::outcome(const amqp_rpc_reply_t& reply, std::string_view what) {
    broken_ = false;
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) return ok();
    broken_ = reply.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION || reply.reply.id != AMQP_CHANNEL_CLOSE_METHOD;
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) return library_error(what, reply.library_error);
    if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD)
        return broker_error<amqp_connection_close_t>(what, reply.reply.decoded);
    if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD)
        return broker_error<amqp_channel_close_t>(what, reply.reply.decoded);
    return error(errc::unavailable, fmt::format("{}: no answer", what));
}

result<void> connection::sent(int status, std::string_view what) {
    if (status == AMQP_STATUS_OK) return ok();
    return library_error(what, status);
}

result<void> connection::open_channel(amqp_channel_t channel) {
    amqp_channel_open(state_, channel);
    return outcome("can't open a channel");
}

result<void> connection::close_channel(amqp_channel_t channel) {
    return outcome(amqp_channel_close(state_, channel, AMQP_REPLY_SUCCESS), "can't close a channel");
}

void connection::accept_close(amqp_channel_t channel) noexcept {
    amqp_channel_close_ok_t ok{};
    amqp_send_method(state_, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
}

result<void> connection::confirm_select(amqp_channel_t channel) {
    amqp_confirm_select(state_, channel);
    return outcome("the broker doesn't confirm messages");
}

connection::got connection::read(amqp_frame_t& into, error& failure) {
    timeval none{};
    const int status = amqp_simple_wait_frame_noblock(state_, &into, &none);
    if (status == AMQP_STATUS_OK) return got::frame;
    if (status == AMQP_STATUS_TIMEOUT) return got::nothing;
    failure = library_error("the connection to the broker is lost", status);
    return got::broken;
}

void connection::close() noexcept { amqp_connection_close(state_, AMQP_REPLY_SUCCESS); }

} // namespace weir::amqp
