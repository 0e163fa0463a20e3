// SPDX-License-Identifier: MIT
#include "http/client_exchange.hpp"

#include "http/client_download.hpp"
#include "http/client_redirect.hpp"
#include "http/client_timer.hpp"
#include "http/client_upload.hpp"

#include <boost/asio/error.hpp>

#include <memory>

namespace weir::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t room_size = 16 * 1024;

error broken(const client_url& url, const boost::system::error_code& failed) {
    return {errc::unavailable, "the connection to " + url.authority() + " failed: " + failed.message()};
}

error at_host(const error& failure, const client_url& url) {
    return error(failure.kind(), url.authority() + ": " + std::string(failure.message())).with_status(failure.status());
}

error silent(const client_url& url, bool started) {
    const std::string_view what = started ? " stopped inside its response" : " didn't answer";
    const std::string_view timeout = started ? "between-bytes" : "first-byte";
    return {errc::deadline_exceeded,
            url.authority() + std::string(what) + " for longer than the " + std::string(timeout) + " timeout"};
}

// The end of the stream, told from a failure; under TLS only an orderly end counts (RFC 8446, 6.1).
result<void> ended(client_response_parser& parser, const client_url& url, const boost::system::error_code& failed) {
    if (failed != asio::error::eof && !(failed == asio::ssl::error::stream_truncated && !parser.reads_until_close()))
        return broken(url, failed);
    auto complete = parser.end_of_stream();
    if (!complete) return at_host(complete.error(), url);
    return ok();
}

task<result<void>> read_response(loop& home, client_connection& connection, client_call& call,
                                 client_response_parser& parser) {
    const std::unique_ptr<char[]> room(new char[room_size]);
    client_download body(connection, call, parser);
    client_timer patience(home, [&connection] { connection.close(); });
    while (!parser.done()) {
        patience.expect_within(parser.started() ? call.between_bytes : call.first_byte);
        boost::system::error_code failed;
        const std::span<char> into(room.get(), room_size);
        const std::size_t got = co_await connection.read(into, failed);
        call.received += got;
        call.counts.received += got;
        if (patience.rang()) co_return silent(call.url, parser.started());
        patience.rest();
        const std::string_view bytes(room.get(), got);
        auto fed = parser.feed(bytes);
        if (!fed) co_return at_host(fed.error(), call.url);
        if (body.wanted()) {
            auto taken = co_await body.take();
            if (!taken) co_return taken;
        }
        if (!failed || parser.done()) continue;
        if (auto over = ended(parser, call.url, failed); !over) co_return over;
    }
    co_return body.finish();
}

void count_sent(client_call& call, std::size_t bytes) {
    call.sent += bytes;
    call.counts.sent += bytes;
}

} // namespace

bool client_call::passes(const client_response& answer) const noexcept {
    if (max_redirects <= 0 || !is_redirect(answer)) return false;
    return !request.source || !repeats_body(request, answer);
}

task<result<void>> transfer(loop& home, client_connection& connection, client_call& call,
                            client_response_parser& parser) {
    auto unsent = co_await connection.write(call.head, call.request.body);
    if (!unsent) count_sent(call, call.head.size() + call.request.body.size());
    if (!unsent && call.request.source) {
        client_upload body(connection, call);
        auto given = co_await body.send();
        if (!given) co_return given;
        unsent = body.broken();
    }
    auto outcome = co_await read_response(home, connection, call, parser);
    if (!outcome && unsent) co_return broken(call.url, unsent);
    co_return outcome;
}

} // namespace weir::http
