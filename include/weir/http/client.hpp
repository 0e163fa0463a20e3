// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/http/message.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir {
class loop;
}

namespace weir::http {

struct client_response;

/// Takes a response's body piece by piece. What it returns is awaited before more is read, so a slow one slows
/// the server down; an error ends the call and is its outcome. Status and fields are in `head` already.
using client_sink = std::function<task<result<void>>(const client_response& head, std::string_view piece)>;

/// Gives a request's body piece by piece: writes into `room` and says how much, 0 at the end. It is asked again
/// when the connection has taken what came before; an error ends the call and is its outcome.
using client_source = std::function<task<result<std::size_t>>(std::span<char> room)>;

/// One request. Host, Content-Length, Transfer-Encoding, Connection, TE and Upgrade belong to the client: setting
/// them, or a control character anywhere, is errc::invalid_argument.
struct client_request {
    client_request(http::method verb, std::string_view url) : method(name(verb)), url(url) {}
    /// For methods that http::method doesn't have (PROPFIND).
    client_request(std::string method, std::string_view url) : method(std::move(method)), url(url) {}

    std::string method;
    std::string url; ///< absolute, http or https, without user and password
    header_list headers{};
    std::string body{};
    /// Instead of `body`: sent as it comes, chunked unless `source_size` says its length. Never sent twice. Cancelled
    /// together with the call, and by a whole answer: what isn't sent by then never is.
    client_source source{};
    std::optional<std::uint64_t> source_size{};
    /// Gets the body instead of the response, except that of a redirect which is followed. Cancelled together
    /// with the call. Then only a `max_body` of the request bounds it, and without that
    /// `client_options::max_expansion` what is decoded, which comes in pieces of at most 64 KiB.
    client_sink sink{};
    std::optional<duration> deadline{};    ///< for this call, instead of the client's
    std::optional<std::size_t> max_body{}; ///< of this response, instead of the client's
    std::optional<int> max_redirects{};    ///< for this call, instead of the client's
    bool wants_trailers = false;           ///< says `TE: trailers`, without which many servers send none
    std::optional<bool> repeatable{};      ///< what idempotent() says, where the method doesn't tell

    /// Whether sending it twice does no harm (RFC 9110, 9.2.2), so that it may be tried again when nobody knows
    /// whether it arrived. A POST with a key that its server recognises says `repeatable = true`; a `source` is used
    /// up by the first time.
    bool idempotent() const noexcept;
};

/// What came back, with every field that was received. It becomes the server's `response` as a gateway passes it
/// on (RFC 9110, 7.6.1): without the fields of the connection it came by (Connection and what that names,
/// Keep-Alive, Proxy-*, TE, Trailer, Transfer-Encoding, Upgrade), without Date and Content-Length, which the server
/// says itself (but for the length that an answer to HEAD states), and without trailers. A handler returns it as it is,
/// of a `task<result<client_response>>`:
///
///     co_return co_await upstream.get(url);
struct client_response {
    int status = 0;
    header_list headers{};
    std::string body{};
    std::string url{}; ///< where it came from, after redirects
    /// The fields that followed a chunked body, but for those that may not stand there (RFC 9110, 6.5.1). With a
    /// sink, too, they are here. `client_options::max_head` bounds them together with `headers`.
    header_list trailers{};

    client_response() = default;

    operator response() const&; // NOLINT(google-explicit-constructor): that is what it's for
    operator response() &&;     // NOLINT(google-explicit-constructor)
};

void into_response(client_response answer, response& out);

/// How a call ended, told to `client_options::on_call`. The views live as long as that call.
struct client_report {
    std::string_view method; ///< as asked; a redirect may have changed it
    std::string_view host;   ///< with the port where it isn't the scheme's; never the path
    int status = 0;          ///< 0 when there was no complete response
    error failure{};
    duration took{};
    std::uint64_t sent = 0; ///< bytes, TLS not counted
    std::uint64_t received = 0;
    int redirects = 0;
};

struct client_options {
    duration deadline = std::chrono::seconds(30); ///< the whole call; the context's deadline counts as well
    /// Sends what is left of it with each request, in `Request-Timeout-Ms`; see `deadline_from_header`. A request that
    /// has the field already keeps its own.
    bool send_deadline = false;
    duration lookup_timeout = std::chrono::seconds(5);
    duration connect_timeout = std::chrono::seconds(5);        ///< TCP, all addresses of the host together
    duration tls_timeout = std::chrono::seconds(5);            ///< the handshake
    duration first_byte_timeout = std::chrono::seconds(30);    ///< from the request's end to the response's begin
    duration between_bytes_timeout = std::chrono::seconds(30); ///< for more of the response
    duration lookup_ttl = std::chrono::seconds(30);            ///< how long addresses are remembered; 0: not at all
    std::size_t max_head = 64 * 1024;                          ///< bytes of a response's status line and fields
    std::size_t max_body = 8 * 1024 * 1024;
    /// Connections to a host open at once (Go's MaxConnsPerHost); further calls wait their turn. 0: no limit.
    std::size_t max_per_host = 64;
    /// Asks for brotli and gzip, as far as the build has them, and decodes what comes so encoded: the response is
    /// without Content-Encoding and Content-Length then, and limits count decoded bytes.
    bool decompress = false;
    /// How many times larger than it came a body may decode to for a sink once that is more than `max_body`; beyond
    /// that it is errc::too_large. A request's own `max_body` counts instead. 0: no limit. The default is that of
    /// Apache's DeflateInflateRatioLimit; text rarely gets near 100.
    std::size_t max_expansion = 200;
    /// Connections kept while no call has them, to all hosts together (Go's MaxIdleConns): beyond that the one idle
    /// for longest is closed. 0: none.
    std::size_t max_idle = 256;
    /// The same for one host (Go's MaxIdleConnsPerHost). As many as calls run at once, so that a burst finds what the
    /// one before it has opened.
    std::size_t max_idle_per_host = 64;
    duration idle_timeout = std::chrono::seconds(30); ///< after which a connection without a call is closed
    /// How often a call follows a redirect (301, 302, 303, 307, 308); beyond that, and from https to http, it is
    /// errc::unavailable. 0: the redirect is the answer. Another origin isn't sent Authorization and Cookie.
    int max_redirects = 0;
    /// After each call that was sent or tried, on the client's loop; see `measure_calls`. What it throws leaves send().
    std::function<void(const client_report&)> on_call{};
    std::string user_agent = "weir/0.1";
    bool system_trust_store = true;
    std::string ca_file{}; ///< trusted as well: PEM, one or more certificates
    std::string ca_pem{};  ///< the same as text
    /// No verification at all: anybody on the way can read and change everything.
    bool dangerously_accept_any_certificate = false;
};

struct client_stats {
    std::uint64_t calls = 0;
    std::uint64_t opened = 0;    ///< connections that were established
    std::uint64_t reused = 0;    ///< calls that found an idle connection
    std::uint64_t retried = 0;   ///< calls repeated because the idle connection turned out to be dead
    std::uint64_t failed = 0;    ///< calls without a complete response
    std::uint64_t redirects = 0; ///< that were followed
    std::uint64_t sent = 0;      ///< bytes of requests, TLS not counted
    std::uint64_t received = 0;
    std::size_t idle = 0;
    std::size_t waiting = 0; ///< calls, for a connection to their host
};

/// An HTTP/1.1 client with keep-alive and TLS 1.2 or later (certificate and host name verified, SNI).
/// Belongs to one loop and outlives its calls; a service with several loops has one on each.
/// The addresses of a name are tried by turns of IPv6 and IPv4, 250 ms apart, and the first that connects is taken (RFC
/// 8305). Names are looked up on the thread that Asio keeps for its resolver, one per loop; an abandoned lookup ends
/// there. Any complete response is a success, whatever its status. An answer that can't be used (malformed, too large,
/// not of its coding) is an error with the status 502, so that a handler may just pass errors on.
/// Logs nothing, and errors never hold a URL's path or query.
class client {
public:
    /// Throws error_exception when a CA file or text can't be used.
    explicit client(loop& home, client_options options = {});
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    task<result<client_response>> get(std::string_view url);
    task<result<client_response>> post(std::string_view url, std::string body, std::string_view content_type);

    /// errc::invalid_argument: the URL or a field; deadline_exceeded: the call, the first byte or a next one is late;
    /// unavailable: lookup, connect, TLS (also past their timeouts), reset, truncated or malformed response;
    /// too_large: head or body over its limit. A whole answer ends the call also while its body is on its way (RFC
    /// 9112, 9.5). Cancellation closes the connection: errc::cancelled. When a kept-alive
    /// connection turns out to be dead before a byte of the response has come, a request that is idempotent() is sent
    /// once more on a new one. An error's code is `outcome_unknown` where the server may have got some of another one.
    task<result<client_response>> send(client_request request);

    /// Closes what is kept alive.
    void close_idle() noexcept;

    client_stats stats() const noexcept;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace weir::http
