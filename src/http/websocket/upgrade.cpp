// SPDX-License-Identifier: MIT
// The opening handshake (RFC 6455 section 4.2), and the handle for its handler.
#include "http/field/field_syntax.hpp"
#include "http/field/origin.hpp"
#include "http/message/each_field.hpp"
#include "http/message/framework_errors.hpp"
#include "http/message/response_tail.hpp"
#include "http/server/request_task.hpp"
#include "http/websocket/link.hpp"
#include <weir/http/client_info.hpp>
#include <weir/http/websocket.hpp>
#include <weir/security/crypto.hpp>

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

namespace weir::http {

namespace {

using detail::equal_no_case;

constexpr std::size_t max_reason = 123; // a control frame's 125 bytes without the code

bool lists(const request& req, std::string_view name, std::string_view token) {
    bool found = false;
    detail::each_field(req, name, [&](std::string_view field) {
        for (detail::comma_list list(field); list.next();) found = found || equal_no_case(list.element(), token);
    });
    return found;
}

// Returns the value of a field that must occur exactly once.
std::string_view only(const request& req, std::string_view name) {
    int count = 0;
    detail::each_field(req, name, [&](std::string_view) { ++count; });
    return count == 1 ? req.header(name) : std::string_view();
}

std::string accept_key(std::string_view key) {
    const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    return security::base64_encode({reinterpret_cast<const char*>(digest), sizeof digest});
}

error check(const request& req) {
    const bool asks = lists(req, "connection", "upgrade") && lists(req, "upgrade", "websocket");
    if (!asks || detail::request_access::minor_version(req) == 0)
        return detail::framework_error(426, "this resource supports only WebSocket");
    if (req.method() != method::get) return detail::framework_error(400, "a WebSocket handshake must be a GET");
    if (only(req, "sec-websocket-version") != "13")
        return detail::framework_error(426, "this resource supports only version 13 of WebSocket");
    const auto key = security::base64_decode(only(req, "sec-websocket-key"));
    if (!key || key->size() != 16) return detail::framework_error(400, "Sec-WebSocket-Key isn't 16 bytes as base64");
    return {};
}

// RFC 6455 section 7.4, and IANA's registry.
bool sendable_close_code(std::uint16_t code) noexcept {
    if (code >= 3000) return code < 5000;
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

response refuse(const error& why) {
    response res;
    into_response(why, res);
    if (res.status == 426)
        res.headers.set("upgrade", "websocket").set("connection", "upgrade").set("sec-websocket-version", "13");
    return res;
}

} // namespace

websocket_upgrade::websocket_upgrade(const request& req) : refusal_(check(req)), origin_(req.header("origin")) {
    if (refusal_) return;
    accept_key_ = accept_key(req.header("sec-websocket-key"));
    const client_info client = client_of(req);
    host_ = client.host;
    secure_ = client.scheme == "https";
    detail::each_field(req, "sec-websocket-protocol", [&](std::string_view field) {
        for (detail::comma_list list(field); list.next();) offered_.emplace_back(list.element());
    });
}

// Allows the service's own pages, by host.
bool websocket_upgrade::origin_allowed(const websocket_options& options) const {
    if (origin_.empty() || options.any_origin) return true;
    const auto same = [&](const std::string& allowed) { return detail::same_origin(origin_, allowed); };
    return std::any_of(options.origins.begin(), options.origins.end(), same) ||
           detail::own_origin(origin_, host_, secure_);
}

std::string websocket_upgrade::choose(const std::vector<std::string>& ours) const {
    for (const auto& one : ours)
        if (std::find(offered_.begin(), offered_.end(), one) != offered_.end()) return one;
    return {};
}

response websocket_upgrade::accept(websocket_handler handler, websocket_options options) const {
    if (refusal_) return refuse(refusal_);
    if (!origin_allowed(options)) return refuse(error(errc::permission_denied, "pages of this origin may not connect"));
    const std::string subprotocol = choose(options.subprotocols);
    response res(101);
    res.headers.set("upgrade", "websocket").set("sec-websocket-accept", accept_key_);
    if (!subprotocol.empty()) res.headers.set("sec-websocket-protocol", subprotocol);
    auto run = [handler = std::move(handler), options = std::move(options), subprotocol](detail::request_task& on) {
        auto link = std::make_shared<detail::websocket_link>(on.home(), options, subprotocol);
        return detail::websocket_link::run(std::move(link), handler, on);
    };
    res.tail = std::make_shared<detail::response_tail>(detail::response_tail{detail::upgrade{std::move(run)}});
    return res;
}

task<result<websocket_message>> websocket::receive() { return link_->receive(); }

task<result<void>> websocket::send(std::string_view text) { return link_->send(text, false); }

task<result<void>> websocket::send_binary(std::string_view bytes) { return link_->send(bytes, true); }

result<void> websocket::close(std::uint16_t code, std::string_view reason) {
    if (!sendable_close_code(code)) return error(errc::invalid_argument, "not a valid close code");
    if (reason.size() > max_reason) return error(errc::invalid_argument, "a close reason must be at most 123 bytes");
    link_->close(code, reason);
    return ok();
}

bool websocket::is_open() const noexcept { return link_->is_open(); }

std::uint16_t websocket::close_code() const noexcept { return link_->close_code(); }

std::string_view websocket::close_reason() const noexcept { return link_->close_reason(); }

std::string_view websocket::subprotocol() const noexcept { return link_->subprotocol(); }

} // namespace weir::http
