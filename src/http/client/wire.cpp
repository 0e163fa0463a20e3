// SPDX-License-Identifier: MIT
#include "http/client/wire.hpp"

#include "http/field/field_syntax.hpp"

#include <algorithm>

namespace weir::http::detail {

namespace {

bool value_character(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
}

// Fields that frame the message or name its server: the client sets them.
bool owned_by_client(std::string_view name) noexcept {
    for (const std::string_view own : {"host", "content-length", "transfer-encoding", "connection", "te", "upgrade"})
        if (equal_no_case(name, own)) return true;
    return false;
}

error refused(const header_view& field, std::string_view why) {
    return {errc::invalid_argument, "the header field " + std::string(field.name) + std::string(why)};
}

result<void> check(const header_view& field) {
    if (!is_token(field.name)) return error(errc::invalid_argument, "a header field has no valid name");
    if (owned_by_client(field.name)) return refused(field, " is set by the client");
    if (!is_field_value(field.value)) return refused(field, " contains a control character");
    return ok();
}

void append(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

bool announces_length(const client_request& request) {
    if (request.source) return request.source_size.has_value();
    return !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
}

} // namespace

bool is_field_value(std::string_view text) noexcept { return std::all_of(text.begin(), text.end(), value_character); }

result<std::string> render_client_head(const client_request& request, const client_url& url,
                                       std::string_view user_agent, std::string_view accept_encoding) {
    if (!is_token(request.method)) return error(errc::invalid_argument, "the method isn't valid");
    if (request.method == "CONNECT") return error(errc::invalid_argument, "CONNECT isn't supported");
    std::string head;
    head.reserve(256 + url.target.size());
    head += request.method;
    head += ' ';
    head += url.target;
    head += " HTTP/1.1\r\n";
    append(head, "Host", url.authority());
    for (const header_view field : request.headers)
        if (auto fine = check(field); !fine) return fine.error();
    head += request.headers.lines();
    if (!request.headers.contains("user-agent") && !user_agent.empty()) append(head, "User-Agent", user_agent);
    if (request.source && !request.body.empty())
        return error(errc::invalid_argument, "a request can't have both a body and a source");
    if (!accept_encoding.empty() && !request.headers.contains("accept-encoding"))
        append(head, "Accept-Encoding", accept_encoding);
    if (request.wants_trailers) head += "TE: trailers\r\nConnection: TE\r\n"; // RFC 9110, 10.1.4
    const std::uint64_t size = request.source ? request.source_size.value_or(0) : request.body.size();
    if (announces_length(request)) append(head, "Content-Length", std::to_string(size));
    if (request.source && !request.source_size) append(head, "Transfer-Encoding", "chunked");
    head += "\r\n";
    return head;
}

} // namespace weir::http::detail
