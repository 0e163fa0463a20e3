// SPDX-License-Identifier: MIT
#include "mqtt/wire.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <utility>

namespace weir::mqtt::detail {

namespace asio = boost::asio;

namespace {

using raw_executor = asio::io_context::executor_type;
using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, raw_executor>;
using tcp_resolver = asio::ip::basic_resolver<asio::ip::tcp, raw_executor>;

constexpr auto awaited = asio::as_tuple(use_task);

error failure(std::string_view what, const boost::system::error_code& why) {
    if (why == asio::error::operation_aborted) return errc::cancelled;
    return {errc::unavailable, fmt::format("{}: {}", what, why.message())};
}

// Resolves the name and connects the socket to the first address that answers.
task<result<void>> connect_socket(tcp_socket& socket, std::string host, std::uint16_t port) {
    tcp_resolver names(socket.get_executor());
    auto [not_found, addresses] = co_await names.async_resolve(host, std::to_string(port), awaited);
    if (not_found) co_return failure("no address of " + host, not_found);
    auto [failed, at] = co_await asio::async_connect(socket, addresses, awaited);
    if (failed) co_return failure(fmt::format("can't connect to {}:{}", host, port), failed);
    boost::system::error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    co_return ok();
}

template<class Stream>
class stream_wire : public wire {
public:
    task<result<std::size_t>> read(char* into, std::size_t size) override {
        auto [failed, got] = co_await stream().async_read_some(asio::buffer(into, size), awaited);
        if (failed) co_return failure("the connection to the MQTT broker is lost", failed);
        co_return got;
    }
    void write(const std::string& bytes, std::function<void(error)> done) override {
        auto ended = [done = std::move(done)](const boost::system::error_code& failed, std::size_t) {
            done(failed ? failure("the connection to the MQTT broker is lost", failed) : error());
        };
        asio::async_write(stream(), asio::buffer(bytes), std::move(ended));
    }
    void end_writing() noexcept override {
        boost::system::error_code ignored;
        stream().lowest_layer().shutdown(tcp_socket::shutdown_send, ignored);
    }
    void close() noexcept override {
        boost::system::error_code ignored;
        stream().lowest_layer().shutdown(tcp_socket::shutdown_both, ignored);
        stream().lowest_layer().close(ignored);
    }

protected:
    virtual Stream& stream() noexcept = 0;
};

class tcp_wire final : public stream_wire<tcp_socket> {
public:
    explicit tcp_wire(loop& home) : socket_(home.io().get_executor()) {}

    task<result<void>> connect(const server_address& to) override { return connect_socket(socket_, to.host, to.port); }

private:
    tcp_socket& stream() noexcept override { return socket_; }

    tcp_socket socket_;
};

using ssl_stream = asio::ssl::stream<tcp_socket>;

asio::ssl::context tls_context(const tls_options& given) {
    try {
        asio::ssl::context made(asio::ssl::context::tls_client);
        SSL_CTX_set_min_proto_version(made.native_handle(), TLS1_2_VERSION);
        made.set_verify_mode(asio::ssl::verify_peer);
        if (given.authorities.empty())
            made.set_default_verify_paths();
        else
            made.load_verify_file(given.authorities);
        if (!given.certificate.empty()) {
            made.use_certificate_chain_file(given.certificate);
            made.use_private_key_file(given.key, asio::ssl::context::pem);
        }
        return made;
    } catch (const boost::system::system_error& wrong) {
        throw std::invalid_argument(fmt::format("weir: mqtt::tls_options: {}", wrong.what()));
    }
}

class tls_wire final : public stream_wire<ssl_stream> {
public:
    tls_wire(loop& home, const tls_options& given)
        : name_(given.server_name), context_(tls_context(given)), stream_(home.io().get_executor(), context_) {}

    task<result<void>> connect(const server_address& to) override {
        if (name_.empty()) name_ = to.host;
        auto connected = co_await connect_socket(stream_.next_layer(), to.host, to.port);
        if (!connected) co_return connected;
        SSL_set_tlsext_host_name(stream_.native_handle(), name_.c_str());
        stream_.set_verify_callback(asio::ssl::host_name_verification(name_));
        auto [failed] = co_await stream_.async_handshake(ssl_stream::client, awaited);
        if (failed) co_return failure("the TLS handshake with the MQTT broker failed", failed);
        co_return ok();
    }

private:
    ssl_stream& stream() noexcept override { return stream_; }

    std::string name_;
    asio::ssl::context context_;
    ssl_stream stream_;
};

} // namespace

result<server_address> parse_server(const std::string& url) {
    const auto wrong = [&] {
        return error(errc::invalid_argument,
                     fmt::format("\"{}\" isn't mqtt://host[:port] or mqtts://host[:port]", url));
    };
    server_address found;
    found.secure = url.starts_with("mqtts://");
    if (!found.secure && !url.starts_with("mqtt://")) return wrong();
    std::string_view rest = std::string_view(url).substr(found.secure ? 8 : 7);
    const bool bracket = rest.starts_with('[');
    const std::size_t end = bracket ? rest.find(']') : rest.find(':');
    found.host = rest.substr(bracket, (end == std::string_view::npos ? rest.size() : end) - bracket);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + bracket);
    if (found.host.empty() || found.host.find_first_of("/@?# ") != std::string::npos) return wrong();
    if (bracket && end == std::string_view::npos) return wrong();
    found.port = found.secure ? 8883 : 1883;
    if (rest.empty()) return found;
    const char* const last = rest.data() + rest.size();
    const auto [at, failed] = std::from_chars(rest.data() + 1, last, found.port);
    if (rest[0] != ':' || failed != std::errc() || at != last || found.port == 0) return wrong();
    return found;
}

void check_tls(const tls_options& tls) { static_cast<void>(tls_context(tls)); }

std::shared_ptr<wire> new_wire(loop& home, const server_address& to, const tls_options& tls) {
    if (to.secure) return std::make_shared<tls_wire>(home, tls);
    return std::make_shared<tcp_wire>(home);
}

} // namespace weir::mqtt::detail
