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

/// Receives a response's body piece by piece. The returned task is awaited before more is read, so a slow sink slows
/// the server down. An error ends the call and becomes its outcome. `head` already has the status and the fields.
using client_sink = std::function<task<result<void>>(const client_response& head, std::string_view piece)>;

/// Supplies a request's body piece by piece: writes into `room` and returns the number of bytes, 0 at the end. It is
/// called again once the connection has taken the previous piece. An error ends the call and becomes its outcome.
using client_source = std::function<task<result<std::size_t>>(std::span<char> room)>;

/// One request. The client sets Host, Content-Length, Transfer-Encoding, Connection, TE and Upgrade itself: setting one
/// of these, or using a control character anywhere, is errc::invalid_argument.
struct client_request {
    client_request(http::method verb, std::string_view url) : method(name(verb)), url(url) {}
    /// For methods that http::method lacks, such as PROPFIND.
    client_request(std::string method, std::string_view url) : method(std::move(method)), url(url) {}

    std::string method;
    std::string url; ///< absolute, http or https, without user and password
    header_list headers{};
    std::string body{};
    /// Used instead of `body`: sent as it is produced, chunked unless `source_size` gives its length. Never sent twice.
    /// It is cancelled with the call, and by a complete response: the rest of the body is then never sent.
    client_source source{};
    std::optional<std::uint64_t> source_size{};
    /// Receives the body instead of the response, except the body of a redirect that is followed. Cancelled with the
    /// call. The body is then limited only by the request's `max_body`; without that, `client_options::max_expansion`
    /// limits a decoded body. Pieces are at most 64 KiB.
    client_sink sink{};
    std::optional<duration> deadline{};    ///< for this call, instead of the client's
    std::optional<std::size_t> max_body{}; ///< of this response, instead of the client's
    std::optional<int> max_redirects{};    ///< for this call, instead of the client's
    bool wants_trailers = false;           ///< sends `TE: trailers`, without which many servers send none
    std::optional<bool> repeatable{};      ///< overrides idempotent() where the method doesn't decide it

    /// Whether sending the request twice does no harm (RFC 9110, 9.2.2), so that it may be retried when it is unknown
    /// whether it arrived. Set `repeatable = true` for a POST with a key that its server recognises; a request with a
    /// `source` cannot be repeated.
    bool idempotent() const noexcept;
};

/// A response with every field that was received. As a return value of a handler it becomes the server's `response` as
/// a gateway forwards it (RFC 9110, 7.6.1): without the fields of its connection (Connection and the fields it names,
/// Keep-Alive, Proxy-*, TE, Trailer, Transfer-Encoding, Upgrade), without Date and Content-Length, which the server
/// sets itself (except the length in an answer to HEAD), and without trailers. A handler of type
/// `task<result<client_response>>` returns it directly:
///
///     co_return co_await upstream.get(url);
struct client_response {
    int status = 0;
    header_list headers{};
    std::string body{};
    std::string url{}; ///< the URL it came from, after redirects
    /// The fields after a chunked body, except those not allowed there (RFC 9110, 6.5.1); set with a sink, too.
    /// `client_options::max_head` limits them together with `headers`.
    header_list trailers{};

    client_response() = default;

    operator response() const&; // NOLINT(google-explicit-constructor): implicit by design
    operator response() &&;     // NOLINT(google-explicit-constructor)
};

void into_response(client_response answer, response& out);

/// The outcome of a call, passed to `client_options::on_call`. The views are valid during that call.
struct client_report {
    std::string_view method; ///< as requested; a redirect may have changed it
    std::string_view host;   ///< with the port unless it is the scheme's default; never the path
    int status = 0;          ///< 0 without a complete response
    error failure{};
    duration took{};
    std::uint64_t sent = 0; ///< bytes, without TLS overhead
    std::uint64_t received = 0;
    int redirects = 0;
};

struct client_options {
    duration deadline = std::chrono::seconds(30); ///< for the whole call; the context's deadline also applies
    /// Sends the remaining time with each request, in `Request-Timeout-Ms`; see `deadline_from_header`. A request that
    /// already has the field keeps it.
    bool send_deadline = false;
    duration lookup_timeout = std::chrono::seconds(5);
    duration connect_timeout = std::chrono::seconds(5);     ///< TCP, for all addresses of the host together
    duration tls_timeout = std::chrono::seconds(5);         ///< the handshake
    duration first_byte_timeout = std::chrono::seconds(30); ///< from the end of the request to the first response byte
    duration between_bytes_timeout = std::chrono::seconds(30); ///< for more of the response
    duration lookup_ttl = std::chrono::seconds(30);            ///< how long addresses are cached; 0: not at all
    std::size_t max_head = 64 * 1024;                          ///< bytes of a response's status line and fields
    std::size_t max_body = 8 * 1024 * 1024;
    /// Connections open to one host at once (Go's MaxConnsPerHost); further calls wait their turn. 0: no limit.
    std::size_t max_per_host = 64;
    /// Requests brotli and gzip, as far as the build has them, and decodes such responses: Content-Encoding and
    /// Content-Length are removed then, and limits count decoded bytes.
    bool decompress = false;
    /// The largest expansion factor of a body that is decoded for a sink, once it exceeds `max_body`; beyond it the
    /// call fails with errc::too_large. A request's own `max_body` applies instead. 0: no limit. The default is that of
    /// Apache's DeflateInflateRatioLimit; text rarely gets near 100.
    std::size_t max_expansion = 200;
    /// Idle connections kept, to all hosts together (Go's MaxIdleConns); beyond that, the one idle for longest is
    /// closed. 0: none.
    std::size_t max_idle = 256;
    /// Idle connections kept to one host (Go's MaxIdleConnsPerHost). It equals `max_per_host`, so that a burst can
    /// reuse the connections of the burst before it.
    std::size_t max_idle_per_host = 64;
    duration idle_timeout = std::chrono::seconds(30); ///< an idle connection is closed after this time
    /// Redirects (301, 302, 303, 307, 308) that a call follows; one more, or one from https to http, is
    /// errc::unavailable. 0: the redirect itself is the response. Authorization and Cookie are not sent to another
    /// origin.
    int max_redirects = 0;
    /// Called after each call that was sent or attempted, on the client's loop; see `measure_calls`. An exception from
    /// it leaves send().
    std::function<void(const client_report&)> on_call{};
    std::string user_agent = "weir/0.1";
    bool system_trust_store = true;
    std::string ca_file{}; ///< additional trusted authorities: PEM, one or more certificates
    std::string ca_pem{};  ///< the same as a string
    /// Disables verification: anyone on the network path can read and change all traffic.
    bool dangerously_accept_any_certificate = false;
};

struct client_stats {
    std::uint64_t calls = 0;
    std::uint64_t opened = 0;    ///< connections established
    std::uint64_t reused = 0;    ///< calls that used an idle connection
    std::uint64_t retried = 0;   ///< calls repeated because the idle connection was dead
    std::uint64_t failed = 0;    ///< calls without a complete response
    std::uint64_t redirects = 0; ///< redirects followed
    std::uint64_t sent = 0;      ///< bytes of requests, without TLS overhead
    std::uint64_t received = 0;
    std::size_t idle = 0;
    std::size_t waiting = 0; ///< calls waiting for a connection to their host
};

/// An HTTP/1.1 client with keep-alive and TLS 1.2 or later (certificate and host name verified, SNI). Belongs to one
/// loop and must outlive its calls; a service with several loops has one on each. Tries the addresses of a name
/// alternating IPv6 and IPv4, 250 ms apart, and uses the first that connects (RFC 8305). Names are looked up on Asio's
/// resolver thread, one per loop; an abandoned lookup ends there. Any complete response is a success, whatever its
/// status. An unusable one (malformed, too large, wrong coding) is an error with status 502, so that a handler can
/// return errors as they are. Logs nothing; errors never contain a URL's path or query.
class client {
public:
    /// Throws error_exception if a CA file or string is invalid.
    explicit client(loop& home, client_options options = {});
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    task<result<client_response>> get(std::string_view url);
    task<result<client_response>> post(std::string_view url, std::string body, std::string_view content_type);

    /// Errors: errc::invalid_argument for the URL or a field; deadline_exceeded for the call, the first byte or the
    /// next one; unavailable for lookup, connect and TLS (their timeouts too), or a reset, truncated or malformed
    /// response; too_large for a head or body over its limit. A complete response ends the call even while the body is
    /// still being sent (RFC 9112, 9.5). Cancellation closes the connection: errc::cancelled. If a kept-alive
    /// connection proves dead before the response's first byte, an idempotent() request is sent once more on a new one.
    /// An error has the code `outcome_unknown` if the server may have received part of a request that isn't.
    task<result<client_response>> send(client_request request);

    /// Closes all idle connections.
    void close_idle() noexcept;

    client_stats stats() const noexcept;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace weir::http
