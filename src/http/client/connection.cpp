// SPDX-License-Identifier: MIT
#include "http/client/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <sys/socket.h>
#include <utility>

namespace weir::http {

namespace asio = boost::asio;

namespace {

constexpr auto quietly = asio::as_tuple(use_task);

} // namespace

void client_connection::connect(endpoint to, std::function<void(error_code)> done) {
    socket_.async_connect(to, std::move(done));
}

client_connection::error_code client_connection::prepare() {
    error_code ignored; // an option that can't be set only costs speed
    socket_.set_option(tcp::no_delay(true), ignored);
    error_code failed;
    socket_.non_blocking(true, failed); // quiet() never waits
    return failed;
}

task<result<void>> client_connection::handshake(asio::ssl::context& context, const client_url& url, bool verify) {
    tls_.emplace(socket_, context);
    if (auto set = tls_expect_host(tls_->native_handle(), url.host, verify); !set) co_return set;
    auto [failed] = co_await tls_->async_handshake(asio::ssl::stream_base::client, quietly);
    if (failed)
        co_return error(
            errc::unavailable, "TLS with " + url.host + " failed: " + tls_failure(tls_->native_handle(), failed));
    co_return ok();
}

task<client_connection::error_code> client_connection::write(std::string_view head, std::string_view body) {
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(body)};
    if (tls_) {
        auto [failed, sent] = co_await asio::async_write(*tls_, parts, quietly);
        co_return failed;
    }
    auto [failed, sent] = co_await asio::async_write(socket_, parts, quietly);
    co_return failed;
}

task<std::size_t> client_connection::read(std::span<char> into, error_code& failed) {
    const asio::mutable_buffer room = asio::buffer(into.data(), into.size());
    if (tls_) {
        auto [ended, got] = co_await tls_->async_read_some(room, quietly);
        failed = ended;
        co_return got;
    }
    auto [ended, got] = co_await socket_.async_read_some(room, quietly);
    failed = ended;
    co_return got;
}

void client_connection::close() noexcept {
    error_code ignored; // a failed close can't be handled
    socket_.close(ignored);
}

// Reads one byte under TLS: received records may already be in OpenSSL's buffers, which the kernel can't see, and newer
// bytes may be a session ticket, which isn't a response.
bool client_connection::quiet() {
    char byte = 0;
    if (tls_) {
        error_code nothing;
        tls_->read_some(asio::buffer(&byte, 1), nothing);
        return nothing == asio::error::would_block;
    }
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

} // namespace weir::http
