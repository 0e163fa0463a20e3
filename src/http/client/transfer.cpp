// SPDX-License-Identifier: MIT
#include "http/client/transfer.hpp"

#include "http/client/download.hpp"
#include "http/client/redirect.hpp"
#include "http/client/timer.hpp"
#include "http/client/upload.hpp"

#include <boost/asio/error.hpp>

#include <exception>
#include <memory>
#include <span>
#include <string_view>

namespace weir::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t room_size = 16 * 1024;
constexpr std::size_t sent_at_once = 16 * 1024; // what the kernel accepts of a request without waiting for the server

error broken(const client_url& url, const boost::system::error_code& failed) {
    return {errc::unavailable, "the connection to " + url.authority() + " failed: " + failed.message()};
}

error at_host(const error& failure, const client_url& url) {
    return error(failure.kind(), url.authority() + ": " + std::string(failure.message())).with_status(failure.status());
}

error silent(const client_url& url, bool started) {
    const std::string_view what = started ? " stalled in the middle of its response" : " didn't respond";
    const std::string_view timeout = started ? "between-bytes" : "first-byte";
    return {errc::deadline_exceeded,
            url.authority() + std::string(what) + " for longer than the " + std::string(timeout) + " timeout"};
}

// Distinguishes the end of the stream from a failure; under TLS only an orderly end counts (RFC 8446, 6.1).
result<void> ended(client_response_parser& parser, const client_url& url, const boost::system::error_code& failed) {
    if (failed != asio::error::eof && !(failed == asio::ssl::error::stream_truncated && !parser.reads_until_close()))
        return broken(url, failed);
    auto complete = parser.end_of_stream();
    if (!complete) return at_host(complete.error(), url);
    return ok();
}

// Reads the response, even while the request is still being sent.
class response_reader {
public:
    response_reader(loop& home, client_connection& connection, client_call& call, client_response_parser& parser)
        : connection_(connection), call_(call), parser_(parser),
          patience_(home, [&connection] { connection.close(); }) {}

    task<result<void>> read();
    /// The server has the whole request: from now on the response timeouts apply.
    void request_sent() {
        sent_ = true;
        if (reading_) expect_more();
    }

private:
    void expect_more() { patience_.expect_within(parser_.started() ? call_.between_bytes : call_.first_byte); }
    task<std::size_t> receive(std::span<char> room, boost::system::error_code& failed);

    client_connection& connection_;
    client_call& call_;
    client_response_parser& parser_;
    client_timer patience_;
    bool sent_ = false;
    bool reading_ = false;
};

task<result<void>> response_reader::read() {
    const std::unique_ptr<char[]> room(new char[room_size]);
    client_download body(call_, parser_);
    while (!parser_.done()) {
        boost::system::error_code failed;
        const std::span<char> into(room.get(), room_size);
        const std::size_t got = co_await receive(into, failed);
        if (patience_.expired()) co_return silent(call_.url, parser_.started());
        auto fed = parser_.feed({room.get(), got});
        if (!fed) co_return at_host(fed.error(), call_.url);
        if (body.wanted()) {
            auto taken = co_await body.take();
            if (!taken) co_return taken;
        }
        if (!failed || parser_.done()) continue;
        if (auto over = ended(parser_, call_.url, failed); !over) co_return over;
    }
    co_return body.finish();
}

task<std::size_t> response_reader::receive(std::span<char> room, boost::system::error_code& failed) {
    reading_ = true;
    if (sent_) expect_more();
    const std::size_t got = co_await connection_.read(room, failed);
    reading_ = false;
    patience_.suspend();
    call_.received += got;
    call_.counts.received += got;
    co_return got;
}

// Sends the request and receives the response concurrently.
class duplex_transfer {
public:
    duplex_transfer(loop& home, client_connection& connection, client_call& call, client_response_parser& parser)
        : connection_(connection), call_(call), upload_(connection, call, quit_),
          response_(home, connection, call, parser) {}

    task<result<void>> run();

private:
    task<void> send();
    task<void> receive();

    client_connection& connection_;
    client_call& call_;
    client_interrupt quit_{}; // ends the upload
    client_upload upload_;
    response_reader response_;
    bool sending_ = true;
    result<void> sent_ = ok();
    result<void> received_ = ok();
    std::exception_ptr thrown_{};
};

task<result<void>> duplex_transfer::run() {
    const cut_scope cut(call_.stop, [this] { quit_.raise(call_.stop.reason()); });
    auto sending = send();
    auto receiving = receive();
    auto both = run_both(std::move(sending), std::move(receiving));
    co_await std::move(both);
    if (thrown_) std::rethrow_exception(thrown_);
    if (!sent_) co_return sent_;
    if (upload_.broken()) connection_.close();
    if (!received_ && upload_.broken()) co_return broken(call_.url, upload_.broken());
    co_return received_;
}

// An error of a source that was cancelled, because the response is complete, is ignored.
task<void> duplex_transfer::send() {
    std::exception_ptr thrown;
    result<void> given = ok();
    try {
        given = co_await upload_.send();
    } catch (...) {
        thrown = std::current_exception();
    }
    sending_ = false;
    if (quit_.reason()) co_return;
    sent_ = given;
    if (thrown) thrown_ = thrown;
    if (thrown || !given)
        connection_.close();
    else
        response_.request_sent();
}

task<void> duplex_transfer::receive() {
    try {
        received_ = co_await response_.read();
    } catch (...) {
        thrown_ = std::current_exception();
    }
    const bool answered = received_.has_value() && !thrown_;
    if (!sending_ || (answered && upload_.whole())) co_return;
    quit_.raise(errc::cancelled);
    connection_.close();
}

task<result<void>> send_and_read(loop& home, client_connection& connection, client_call& call,
                                 client_response_parser& parser) {
    client_upload upload(connection, call, call.stop);
    auto given = co_await upload.send();
    if (!given) co_return given;
    response_reader response(home, connection, call, parser);
    response.request_sent();
    auto outcome = co_await response.read();
    if (upload.broken()) connection.close();
    if (!outcome && upload.broken()) co_return broken(call.url, upload.broken());
    co_return outcome;
}

} // namespace

bool client_call::passes(const client_response& answer) const noexcept {
    if (max_redirects <= 0 || !is_redirect(answer)) return false;
    return !request.source || !repeats_body(request, answer);
}

task<result<void>> transfer(loop& home, client_connection& connection, client_call& call,
                            client_response_parser& parser) {
    const bool small = !call.request.source && call.head.size() + call.request.body.size() <= sent_at_once;
    if (small) co_return co_await send_and_read(home, connection, call, parser);
    duplex_transfer both(home, connection, call, parser);
    co_return co_await both.run();
}

} // namespace weir::http
