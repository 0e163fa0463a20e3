// SPDX-License-Identifier: MIT
// stock_beast
// A server in the style of Boost.Beast's examples: tcp_stream with a timeout per operation, async_read into
// request<string_body>, async_write of response<string_body>, callbacks; JSON with RapidJSON's DOM and Writer.
#include "support/socket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

response reply(const request& req, http::status status, const char* type, std::string body) {
    response res{status, req.version()};
    res.set(http::field::server, BOOST_BEAST_VERSION_STRING);
    res.set(http::field::content_type, type);
    res.keep_alive(req.keep_alive());
    res.body() = std::move(body);
    res.prepare_payload();
    return res;
}

response plaintext(const request& req, std::string body) {
    return reply(req, http::status::ok, "text/plain", std::move(body));
}

response json(const request& req, const rapidjson::StringBuffer& out) {
    return reply(req, http::status::ok, "application/json", {out.GetString(), out.GetSize()});
}

response not_found(const request& req) { return reply(req, http::status::not_found, "text/plain", "not found"); }

response message(const request& req) {
    rapidjson::StringBuffer out;
    rapidjson::Writer<rapidjson::StringBuffer> writer(out);
    writer.StartObject();
    writer.Key("message");
    writer.String("Hello, World!");
    writer.EndObject();
    return json(req, out);
}

bool is_line(const rapidjson::Value& line) {
    for (const char* name : {"product_id", "quantity", "price_cents"})
        if (!line.IsObject() || !line.HasMember(name) || !line[name].IsInt64()) return false;
    return line["quantity"].GetInt64() >= 1;
}

bool is_order(const rapidjson::Value& order) {
    if (!order.IsObject()) return false;
    for (const char* name : {"customer", "email", "note"})
        if (!order.HasMember(name) || !order[name].IsString()) return false;
    for (const char* name : {"id", "total_cents"})
        if (!order.HasMember(name) || !order[name].IsInt64()) return false;
    if (order["customer"].GetStringLength() == 0 || !order.HasMember("items") || !order["items"].IsArray())
        return false;
    for (const auto& line : order["items"].GetArray())
        if (!is_line(line)) return false;
    return true;
}

response echo(const request& req) {
    rapidjson::Document document;
    document.Parse(req.body().data(), req.body().size());
    if (document.HasParseError()) return reply(req, http::status::bad_request, "text/plain", "not JSON");
    if (!is_order(document)) return reply(req, http::status::unprocessable_entity, "text/plain", "not an order");
    rapidjson::StringBuffer out;
    rapidjson::Writer<rapidjson::StringBuffer> writer(out);
    document.Accept(writer);
    return json(req, out);
}

/// `/users/{id}/orders/{order}` by hand: Beast has no router.
response order_of_user(const request& req, std::string_view target) {
    target.remove_prefix(std::string_view("/users/").size());
    const auto slash = target.find('/');
    constexpr std::string_view orders = "/orders/";
    if (slash == std::string_view::npos || !target.substr(slash).starts_with(orders)) return not_found(req);
    const auto order = target.substr(slash + orders.size());
    return plaintext(req, std::string(target.substr(0, slash)).append("/").append(order));
}

response handle(const request& req) {
    const std::string_view target(req.target().data(), req.target().size());
    if (req.method() == http::verb::post && target == "/echo") return echo(req);
    if (req.method() != http::verb::get) return not_found(req);
    if (target == "/") return plaintext(req, "Hello, World!");
    if (target == "/json") return message(req);
    if (target.starts_with("/users/")) return order_of_user(req, target);
    return not_found(req);
}

class session : public std::enable_shared_from_this<session> {
public:
    explicit session(tcp::socket&& socket) : stream_(std::move(socket)) {}

    void read() {
        request_ = {};
        stream_.expires_after(std::chrono::seconds(30));
        http::async_read(stream_, buffer_, request_, beast::bind_front_handler(&session::on_read, shared_from_this()));
    }

private:
    void on_read(beast::error_code failure, std::size_t) {
        if (failure) return close();
        response_ = handle(request_);
        stream_.expires_after(std::chrono::seconds(30));
        http::async_write(stream_, response_, beast::bind_front_handler(&session::on_write, shared_from_this()));
    }

    void on_write(beast::error_code failure, std::size_t) {
        if (failure || response_.need_eof()) return close();
        read();
    }

    void close() {
        beast::error_code ignored;
        stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    request request_;
    response response_;
};

void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([&acceptor](beast::error_code failure, tcp::socket socket) {
        if (!failure) {
            socket.set_option(tcp::no_delay(true), failure);
            std::make_shared<session>(std::move(socket))->read();
        }
        accept(acceptor);
    });
}

} // namespace

int main() {
    try {
        weir::bench::raise_descriptor_limit();
        asio::io_context io(1);
        tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
        weir::bench::announce(acceptor.local_endpoint().port());
        accept(acceptor);
        io.run();
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "stock_beast: %s\n", failure.what());
        return 1;
    }
}
