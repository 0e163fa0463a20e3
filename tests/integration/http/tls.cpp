// SPDX-License-Identifier: MIT
// labels: concurrency
// HTTPS on sockets: weir's own client, and OpenSSL where that one is too well-behaved.
#include "http/field/http_date.hpp"
#include "integration/http/count_body.hpp"
#include "integration/http/large_body.hpp"
#include "support/certificate_folder.hpp"
#include "support/loopback.hpp"
#include "support/print.hpp"
#include "support/socket_client.hpp"
#include "support/tls_client.hpp"
#include <weir/core/blocking_pool.hpp>
#include <weir/core/loop.hpp>
#include <weir/http/body_reader.hpp>
#include <weir/http/body_writer.hpp>
#include <weir/http/client.hpp>
#include <weir/http/client_info.hpp>
#include <weir/http/file_body.hpp>
#include <weir/http/middleware/authenticate_certificate.hpp>
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <utility>

using namespace weir;
using namespace std::chrono_literals;
using http::client_certificates;
using test_support::file_of;
using test_support::pattern;
using test_support::socket_client;
using test_support::tls_client;

namespace {

constexpr std::size_t large = 3 * 1024 * 1024 + 17;

task<result<void>> write_large(body_writer& out) {
    const std::string all = pattern(large);
    for (std::size_t at = 0; at < all.size(); at += 10000) {
        const auto piece = std::string_view(all).substr(at, 10000);
        const auto sent = co_await out.write(piece);
        if (!sent) co_return sent.error();
    }
    co_return ok();
}

std::string body_of(const std::string& answer) {
    const std::size_t blank = answer.find("\r\n\r\n");
    return blank == std::string::npos ? "no answer: " + answer : answer.substr(blank + 4);
}

using tls_session = std::unique_ptr<SSL_SESSION, test_support::tls_detail::freed<SSL_SESSION_free>>;

// Returns the name of the key that sealed the session's ticket.
std::string ticket_key_name(const tls_session& session) {
    const unsigned char* ticket = nullptr;
    std::size_t size = 0;
    SSL_SESSION_get0_ticket(session.get(), &ticket, &size);
    return std::string(reinterpret_cast<const char*>(ticket), std::min<std::size_t>(size, 16));
}

// The machine's clock, which a test can advance.
class hurried_clock final : public weir::clock {
public:
    void advance(duration by) noexcept { ahead_ += by.count(); }

    time_point now() const noexcept override { return system_clock().now() + duration(ahead_.load()); }
    wall_time wall_now() const noexcept override { return system_clock().wall_now(); }

private:
    std::atomic<duration::rep> ahead_{0};
};

std::string subject_of(SSL* connection) {
    const std::unique_ptr<X509, test_support::tls_detail::freed<X509_free>> one(SSL_get1_peer_certificate(connection));
    char text[100] = "";
    if (one) X509_NAME_get_text_by_NID(X509_get_subject_name(one.get()), NID_commonName, text, sizeof text);
    return text;
}

struct tls_fixture {
    test_support::certificate_folder files;
    test_support::tls_detail::tls_settings settings = test_support::client_settings(files.path("ca.pem"));
    std::promise<void> entered;
    std::promise<void> opened;
    blocking_pool pool{{.name = "tls", .threads = 1}};
    router routes;
    loop control;
    hurried_clock time;
    std::unique_ptr<server> running;

    tls_fixture() {
        routes.get("/", [](client_info client) { return client.scheme; });
        routes.post("/echo", [](request& req) { return std::string(req.body()); });
        routes.get("/big", [] { return pattern(large); });
        routes.get("/file", [file = file_of(files.put("body", pattern(large)))] {
            response res;
            http::send_file({file, 1, large - 1}, res);
            return res;
        });
        routes.get("/stream", [] {
            http::stream_options options;
            options.size = large;
            return http::stream(write_large, options);
        });
        routes.post("/count", test_support::count_body);
        routes.get("/version", [](request& req) { return http::tls_of(req)->version; });
        routes.get("/later", [this](request& req) -> task<std::string> {
            auto job = [] { return true; };
            co_await pool.run(job);
            const auto* const its = http::tls_of(req);
            co_return its->certificate ? its->certificate->common_name : std::string("nobody");
        });
        routes.get("/hold", [this]() -> task<std::string> {
            auto job = [this] {
                entered.set_value();
                opened.get_future().wait();
                return true;
            };
            co_await pool.run(job);
            co_return "held";
        });
        routes.get("/certificate", [](client_certificate its) { return its.subject; });
        routes.route("/private", [](router& api) {
            api.use(authenticate_certificate());
            api.get("/me", [](principal who) { return who.subject; });
        });
    }

    static server_options local(server_tls tls) {
        auto options = test_support::loopback();
        options.limits.body = 2 * large;
        options.tls = std::move(tls);
        return options;
    }
    std::uint16_t start(server_options options) {
        running = std::make_unique<server>(routes, std::move(options), time);
        running->start().value();
        return running->port();
    }
    std::uint16_t start() { return start(local(files.options())); }
    std::uint16_t start(client_certificates clients) { return start(local(files.options(clients))); }
    result<void> stop() { return control.block_on(running->stop(control.clock().now() + 10s)); }

    result<http::client_response> get(std::uint16_t port, const std::string& ca_pem) {
        http::client_options options;
        options.system_trust_store = false;
        options.ca_pem = ca_pem;
        http::client outgoing(control, options);
        return control.block_on(outgoing.get("https://localhost:" + std::to_string(port) + "/"));
    }
    // A connection with this session, and the session that it ends with.
    std::pair<bool, tls_session> resume(std::uint16_t port, const tls_session& session) const {
        tls_client client(port, settings.get());
        if (session) SSL_set_session(client.native(), session.get());
        REQUIRE(client.handshake().empty());
        REQUIRE(!client.get("/").empty()); // TLS 1.3 sends tickets after the handshake
        SSL_shutdown(client.native());     // without it the session counts as broken
        return {SSL_session_reused(client.native()) == 1, tls_session(SSL_get1_session(client.native()))};
    }
    test_support::certificate client_named(const std::string& common_name) const {
        test_support::certificate_request wanted;
        wanted.common_name = common_name;
        return files.trusted.sign(wanted);
    }
};

} // namespace

TEST_CASE_FIXTURE(tls_fixture, "weir's client gets a response over TLS, and the handler sees https") {
    const auto port = start();
    const auto answer = get(port, files.trusted.pem());
    REQUIRE(answer);
    CHECK(answer->body == "https");
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture, "a client that doesn't trust the authority disconnects, and the server continues") {
    const auto port = start();
    const auto refused = get(port, test_support::authority("another").pem());
    REQUIRE(!refused);
    CHECK(refused.error() == errc::unavailable);
    CHECK(get(port, files.trusted.pem()));
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture, "TLS 1.2 and 1.3 are supported, but not 1.1, nor any protocol except http/1.1") {
    const auto port = start();
    SSL_CTX_set_max_proto_version(settings.get(), TLS1_2_VERSION);
    tls_client older(port, settings.get());
    REQUIRE(older.handshake().empty());
    CHECK(body_of(older.get("/version")) == "TLSv1.2");

    SSL_CTX_set_max_proto_version(settings.get(), 0);
    const unsigned char offered[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_CTX_set_alpn_protos(settings.get(), offered, sizeof offered);
    tls_client newer(port, settings.get());
    REQUIRE(newer.handshake().empty());
    CHECK(body_of(newer.get("/version")) == "TLSv1.3");
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(newer.native(), &chosen, &size);
    CHECK(std::string(reinterpret_cast<const char*>(chosen), size) == "http/1.1");

    SSL_CTX_set_alpn_protos(settings.get(), offered, 3);
    CHECK(tls_client(port, settings.get()).handshake() == "tlsv1 alert no application protocol");

    SSL_CTX_set_alpn_protos(settings.get(), offered, 0);
    SSL_CTX_set_security_level(settings.get(), 0);
    SSL_CTX_set_min_proto_version(settings.get(), TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(settings.get(), TLS1_1_VERSION);
    CHECK(tls_client(port, settings.get()).handshake() == "tlsv1 alert protocol version");
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture, "large bodies arrive whole in both directions: buffered, streamed, and from a file") {
    const auto port = start();
    tls_client client(port, settings.get());
    REQUIRE(client.handshake().empty());
    const std::string all = pattern(large);
    for (int round = 0; round < 2; ++round) {
        CHECK(body_of(client.get("/big")) == all);
        CHECK(body_of(client.get("/file")) == all.substr(1));
        CHECK(body_of(client.get("/stream")) == all);
    }
    REQUIRE(client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(large) + "\r\n\r\n"));
    REQUIRE(client.send(all));
    CHECK(body_of(client.receive()) == std::to_string(large));
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture, "responses to pipelined requests keep their order around a file") {
    const auto port = start();
    tls_client client(port, settings.get());
    REQUIRE(client.handshake().empty());
    REQUIRE(client.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\nGET /big HTTP/1.1\r\nHost: a\r\n\r\n"
                        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"));
    const std::string all = pattern(large);
    CHECK(body_of(client.receive()) == all.substr(1));
    CHECK(body_of(client.receive()) == all);
    CHECK(body_of(client.receive()) == "hi");
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture, "keys may change in the middle of a connection") {
    const auto port = start();
    tls_client client(port, settings.get());
    REQUIRE(client.handshake().empty());
    for (int i = 0; i < 3; ++i) {
        REQUIRE(SSL_key_update(client.native(), SSL_KEY_UPDATE_REQUESTED) == 1);
        CHECK(body_of(client.get("/version")) == "TLSv1.3");
    }
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture, "a ticket resumes a session, with the client's certificate as verified") {
    const auto port = start(client_certificates::required);
    test_support::show(settings.get(), client_named("device-7"));
    tls_client first(port, settings.get());
    REQUIRE(first.handshake().empty());
    CHECK(body_of(first.get("/private/me")) == "device-7");
    const tls_session session(SSL_get1_session(first.native()));
    tls_client second(port, settings.get());
    SSL_set_session(second.native(), session.get());
    REQUIRE(second.handshake().empty());
    CHECK(SSL_session_reused(second.native()) == 1);
    CHECK(body_of(second.get("/private/me")) == "device-7");

    REQUIRE(running->reload_tls()); // and with it the tickets' keys
    tls_client third(port, settings.get());
    SSL_set_session(third.native(), session.get());
    REQUIRE(third.handshake().empty());
    CHECK(SSL_session_reused(third.native()) == 0);
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture,
                  "a ticket is valid under the server's current key and the previous one, and is then renewed") {
    SUBCASE("TLS 1.2") { SSL_CTX_set_max_proto_version(settings.get(), TLS1_2_VERSION); }
    SUBCASE("TLS 1.3") { SSL_CTX_set_min_proto_version(settings.get(), TLS1_3_VERSION); }
    const auto port = start();
    const auto [none, first] = resume(port, {});
    CHECK_FALSE(none);
    time.advance(6h - 1min);
    const auto [at_once, same] = resume(port, first);
    CHECK(at_once);
    CHECK(ticket_key_name(same) == ticket_key_name(first));

    time.advance(2min);
    const auto [later, renewed] = resume(port, first);
    CHECK(later);
    CHECK(ticket_key_name(renewed) != ticket_key_name(first));

    time.advance(6h);
    const auto [too_late, full] = resume(port, first);
    CHECK_FALSE(too_late);
    CHECK(ticket_key_name(full) != ticket_key_name(renewed));
    CHECK(resume(port, renewed).first);

    time.advance(12h); // without any client
    CHECK_FALSE(resume(port, full).first);
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture, "a reload applies to new connections; an open one continues unchanged") {
    const auto port = start();
    tls_client old(port, settings.get());
    REQUIRE(old.handshake().empty());
    CHECK(subject_of(old.native()) == "weir test");
    files.renew("renewed");
    tls_client between(port, settings.get());
    REQUIRE(between.handshake().empty());
    CHECK(subject_of(between.native()) == "weir test"); // nothing has requested it yet

    REQUIRE(running->reload_tls());
    tls_client fresh(port, settings.get());
    REQUIRE(fresh.handshake().empty());
    CHECK(subject_of(fresh.native()) == "renewed");
    CHECK(body_of(fresh.get("/")) == "https");
    CHECK(body_of(old.get("/")) == "https");

    files.put("server.key", "no key");
    const auto bad = running->reload_tls();
    REQUIRE(!bad);
    CHECK(bad.error() == errc::invalid_argument);
    CHECK(bad.error().message().find("server.key can't be used") != std::string_view::npos);
    tls_client still(port, settings.get());
    REQUIRE(still.handshake().empty());
    CHECK(subject_of(still.native()) == "renewed");
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture,
                  "a server whose files are invalid doesn't start; one without TLS has nothing to reload") {
    auto options = files.options();
    options.key_file = files.path("none.key");
    server bad(routes, local(options));
    const auto started = bad.start();
    REQUIRE(!started);
    CHECK(started.error().message().find("none.key can't be used: No such file") != std::string_view::npos);

    server clear(routes);
    const auto reloaded = clear.reload_tls();
    REQUIRE(!reloaded);
    CHECK(reloaded.error() == errc::invalid_argument);
}

TEST_CASE_FIXTURE(tls_fixture, "if a client certificate is required, a client without one isn't served") {
    const auto port = start(client_certificates::required);
    tls_client nobody(port, settings.get());
    nobody.handshake();
    CHECK(nobody.get("/").empty());
    CHECK(nobody.reason() == "tlsv13 alert certificate required");

    test_support::show(settings.get(), test_support::authority("another").sign("DNS:a"));
    tls_client stranger(port, settings.get());
    stranger.handshake();
    CHECK(stranger.get("/").empty());
    CHECK(stranger.reason() == "tlsv1 alert unknown ca");

    test_support::show(settings.get(), client_named("device-7"));
    tls_client known(port, settings.get());
    REQUIRE(known.handshake().empty());
    CHECK(body_of(known.get("/private/me")) == "device-7");
    CHECK(body_of(known.get("/certificate")) == "CN=device-7");
    CHECK(body_of(known.get("/later")) == "device-7");
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture, "if one is requested, the handler decides what a client without it may do") {
    const auto port = start(client_certificates::requested);
    tls_client nobody(port, settings.get());
    REQUIRE(nobody.handshake().empty());
    CHECK(body_of(nobody.get("/")) == "https");
    CHECK(body_of(nobody.get("/later")) == "nobody");
    CHECK(nobody.get("/private/me").starts_with("HTTP/1.1 401 "));
    CHECK(nobody.get("/certificate").starts_with("HTTP/1.1 401 "));

    test_support::show(settings.get(), client_named("device-7"));
    tls_client known(port, settings.get());
    REQUIRE(known.handshake().empty());
    CHECK(body_of(known.get("/private/me")) == "device-7");
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture, "a request without TLS is answered with a plain 400, garbage with the end") {
    const auto port = start();
    for (const auto* const verb : {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "X"}) {
        CAPTURE(verb);
        socket_client clear(port);
        const auto answer = clear.request(verb, "/");
        CHECK(answer.status == 400);
        CHECK(answer.body == R"({"code":"invalid_argument","message":"this port speaks HTTPS only","details":[]})");
        CHECK(http::detail::parse_http_date(answer.header("date"), {}));
        clear.half_close();
        CHECK(clear.at_end());
    }
    const std::string nonsense[] = {
        std::string(5000, 'x'),
        "A\x01 / HTTP/1.1\r\n",
        " / HTTP/1.1\r\n",
        {"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10}};
    for (const auto& bytes : nonsense) {
        socket_client other(port);
        other.send(bytes);
        other.half_close();
        CHECK(other.rest().size() < 100); // at most an alert
    }
    CHECK(get(port, files.trusted.pem()));
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture, "a handshake that doesn't complete within head_time is closed") {
    auto options = local(files.options());
    options.limits.head_time = 100ms;
    const auto port = start(options);
    socket_client silent(port);
    socket_client slow(port);
    slow.send(std::string_view("\x16\x03\x01", 3));
    CHECK(silent.at_end());
    CHECK(slow.at_end());
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture,
                  "a body truncated by the end of the connection is no request, with close_notify or without") {
    const auto port = start();
    const std::string_view cut = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf";
    tls_client orderly(port, settings.get());
    REQUIRE(orderly.handshake().empty());
    REQUIRE(orderly.send(cut));
    SSL_shutdown(orderly.native());
    CHECK(orderly.receive().starts_with("HTTP/1.1 400 "));
    tls_client truncated(port, settings.get());
    REQUIRE(truncated.handshake().empty());
    REQUIRE(truncated.send(cut));
    ::shutdown(SSL_get_fd(truncated.native()), SHUT_WR);
    CHECK(truncated.receive().starts_with("HTTP/1.1 400 "));
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture, "the last response is followed by close_notify") {
    const auto port = start();
    tls_client client(port, settings.get());
    REQUIRE(client.handshake().empty());
    CHECK(body_of(client.get("/big", "Connection: close\r\n")) == pattern(large));
    CHECK(client.closed_in_order());
    CHECK(stop());
}

TEST_CASE_FIXTURE(tls_fixture, "a stop answers requests in flight and closes idle connections and handshakes") {
    const auto port = start();
    tls_client idle(port, settings.get());
    REQUIRE(idle.handshake().empty());
    CHECK(body_of(idle.get("/")) == "https");
    socket_client stalled(port);
    tls_client busy(port, settings.get());
    REQUIRE(busy.handshake().empty());
    REQUIRE(busy.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"));
    entered.get_future().wait();
    auto stopped = std::async(std::launch::async, [&] { return stop(); });
    CHECK(idle.closed_in_order());
    CHECK(stalled.at_end());
    opened.set_value();
    CHECK(body_of(busy.receive()) == "held");
    CHECK(busy.closed_in_order());
    CHECK(stopped.get());
    CHECK(running->stats().open == 0);
}
