// SPDX-License-Identifier: MIT
#include "support/client_fixture.hpp"
#include "support/scripted_server.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>

using namespace weir;
using namespace weir::http;
using test_support::authority;
using test_support::certificate_request;
using test_support::peer;
using test_support::scripted_server;

namespace {

void answer_with_server_name(peer& link) {
    while (true) {
        link.request();
        link.answer(link.server_name());
    }
}

struct tls_fixture {
    authority trusted;
    boost::asio::ssl::context tls = test_support::server_tls(trusted.sign("DNS:localhost,IP:127.0.0.1"));
    loop home;

    client_options trusting() const {
        client_options options;
        options.system_trust_store = false;
        options.ca_pem = trusted.pem();
        return options;
    }

    result<client_response> get(const scripted_server& server, client_options options,
                                std::string_view host = "localhost") {
        client outgoing(home, std::move(options));
        return home.block_on(outgoing.get(server.url("/", host)));
    }

    // Returns the client's result for a server with this certificate.
    error refusal(const test_support::certificate& own, client_options options, std::string_view host = "localhost") {
        auto context = test_support::server_tls(own);
        scripted_server server(answer_with_server_name, context);
        const auto answer = get(server, std::move(options), host);
        REQUIRE(!answer);
        return answer.error();
    }
};

bool says(const error& failure, std::string_view text) {
    return failure.message().find(text) != std::string_view::npos;
}

} // namespace

TEST_CASE_FIXTURE(tls_fixture, "a trusted certificate for the name is accepted, and the name is sent as SNI") {
    scripted_server server(answer_with_server_name, tls);
    const auto answer = get(server, trusting());
    REQUIRE(answer);
    CHECK(answer->body == "localhost");
}

TEST_CASE_FIXTURE(tls_fixture, "an address is verified against the certificate's addresses, without SNI") {
    scripted_server server(answer_with_server_name, tls);
    const auto answer = get(server, trusting(), "127.0.0.1");
    REQUIRE(answer);
    CHECK(answer->body.empty());
    CHECK(says(refusal(trusted.sign("IP:127.0.0.2"), trusting(), "127.0.0.1"), "mismatch"));
}

TEST_CASE_FIXTURE(tls_fixture, "TLS connections are kept alive too") {
    scripted_server server(answer_with_server_name, tls);
    client outgoing(home, trusting());
    for (int i = 0; i < 3; ++i) REQUIRE(home.block_on(outgoing.get(server.url("/", "localhost"))));
    CHECK(server.connections() == 1);
    CHECK(outgoing.stats().reused == 2);
}

namespace {

constexpr std::string_view first_answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst";
constexpr std::string_view forged_answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";

// The first connection sends an extra response after the first one; any other behaves.
void answer_twice(peer& link) {
    link.request();
    if (link.number != 0) return link.answer("honest");
    link.send_at_once({first_answer, forged_answer});
    link.wait_until_gone();
}

// The two records arrive together, and the second lacks its end until the client has read the first.
void answer_into_records(peer& link) {
    link.request();
    if (link.number != 0) return link.answer("honest");
    link.send_at_once({first_answer, forged_answer.substr(0, 10), forged_answer.substr(10)});
    link.wait_until_gone();
}

} // namespace

TEST_CASE_FIXTURE(tls_fixture,
                  "a response that arrived before its request isn't used for the next call, with or without TLS") {
    for (const auto& play : {answer_twice, answer_into_records}) {
        scripted_server clear(play);
        scripted_server secure(play, tls);
        for (const scripted_server* server : {&clear, &secure}) {
            client outgoing(home, trusting());
            CHECK(home.block_on(outgoing.get(server->url("/", "localhost")))->body == "first");
            const auto next = home.block_on(outgoing.get(server->url("/", "localhost")));
            REQUIRE(next);
            CHECK(next->body == "honest");
            CHECK(outgoing.stats().reused == 0);
            CHECK(server->connections() == 2);
        }
    }
}

TEST_CASE_FIXTURE(tls_fixture, "session tickets that arrive while a connection is idle don't close it") {
    std::promise<void> idle;
    std::promise<void> sent;
    scripted_server server(
        [&](peer& link) {
            link.request();
            if (link.number != 0) return link.answer("on another connection");
            link.answer("first");
            idle.get_future().get();
            link.send_ticket();
            sent.set_value();
            link.request();
            link.answer("second");
        },
        tls);
    client outgoing(home, trusting());
    CHECK(home.block_on(outgoing.get(server.url("/", "localhost")))->body == "first");
    idle.set_value();
    sent.get_future().get();
    CHECK(home.block_on(outgoing.get(server.url("/", "localhost")))->body == "second");
    CHECK(outgoing.stats().reused == 1);
    CHECK(server.connections() == 1);
}

TEST_CASE_FIXTURE(tls_fixture,
                  "a TLS connection that the server closed while it was idle is detected without a retry") {
    std::promise<void> ended;
    scripted_server server(
        [&](peer& link) {
            link.request();
            link.answer("x");
            link.end_tls();
            if (link.number == 0) ended.set_value();
            link.wait_until_gone();
        },
        tls);
    client outgoing(home, trusting());
    REQUIRE(home.block_on(outgoing.get(server.url("/", "localhost"))));
    ended.get_future().get();
    REQUIRE(home.block_on(outgoing.get(server.url("/", "localhost"))));
    CHECK(outgoing.stats().opened == 2);
    CHECK(outgoing.stats().reused == 0);
    CHECK(outgoing.stats().retried == 0);
}

TEST_CASE_FIXTURE(tls_fixture, "a certificate for another name is refused, with host and reason") {
    const auto failure = refusal(trusted.sign("DNS:elsewhere.example"), trusting());
    CHECK(failure == errc::unavailable);
    CHECK(says(failure, "TLS with localhost failed"));
    CHECK(says(failure, "hostname mismatch"));
}

TEST_CASE_FIXTURE(tls_fixture, "a name in the subject is ignored if there are alternative names") {
    certificate_request wanted;
    wanted.common_name = "localhost";
    wanted.subject_alt_name = "DNS:elsewhere.example";
    CHECK(says(refusal(trusted.sign(wanted), trusting()), "hostname mismatch"));
}

TEST_CASE_FIXTURE(tls_fixture, "a certificate of an unknown authority is refused") {
    const authority unknown("another authority");
    CHECK(says(refusal(unknown.sign("DNS:localhost"), trusting()), "issuer certificate"));
    CHECK(says(refusal(trusted.sign("DNS:localhost"), client_options()), "issuer certificate"));
}

TEST_CASE_FIXTURE(tls_fixture, "an expired certificate and one from the future are refused") {
    certificate_request wanted;
    wanted.subject_alt_name = "DNS:localhost";
    wanted.starts_in = -7200;
    wanted.ends_in = -3600;
    CHECK(says(refusal(trusted.sign(wanted), trusting()), "expired"));
    wanted.starts_in = 3600;
    wanted.ends_in = 7200;
    CHECK(says(refusal(trusted.sign(wanted), trusting()), "not yet valid"));
}

TEST_CASE_FIXTURE(tls_fixture, "a server without TLS 1.2 is refused") {
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(tls.native_handle(), TLS1_1_VERSION);
    SSL_CTX_set_cipher_list(tls.native_handle(), "ALL:@SECLEVEL=0");
    scripted_server server(answer_with_server_name, tls);
    const auto answer = get(server, trusting());
    REQUIRE(!answer);
    CHECK(answer.error() == errc::unavailable);
    CHECK(says(answer.error(), "TLS with localhost failed"));
}

TEST_CASE_FIXTURE(tls_fixture, "TLS 1.2 is supported") {
    SSL_CTX_set_max_proto_version(tls.native_handle(), TLS1_2_VERSION);
    scripted_server server(answer_with_server_name, tls);
    CHECK(get(server, trusting()));
}

TEST_CASE_FIXTURE(tls_fixture, "a server that doesn't speak TLS is refused") {
    scripted_server server([](peer& link) { link.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
    client outgoing(home, trusting());
    const auto answer = home.block_on(outgoing.get("https://127.0.0.1:" + std::to_string(server.port()) + "/"));
    REQUIRE(!answer);
    CHECK(answer.error() == errc::unavailable);
}

TEST_CASE_FIXTURE(
    tls_fixture,
    "a body that ends with the connection needs close_notify, since an attacker could truncate it otherwise") {
    bool orderly = false;
    const auto play = [&](peer& link) {
        link.request();
        link.send("HTTP/1.1 200 OK\r\n\r\nhello");
        if (orderly) link.end_tls();
    };
    {
        scripted_server cut(play, tls);
        const auto answer = get(cut, trusting());
        REQUIRE(!answer);
        CHECK(answer.error() == errc::unavailable);
    }
    orderly = true;
    scripted_server whole(play, tls);
    const auto answer = get(whole, trusting());
    REQUIRE(answer);
    CHECK(answer->body == "hello");
}

TEST_CASE_FIXTURE(tls_fixture, "only the explicit option turns verification off") {
    const authority unknown("another authority");
    auto context = test_support::server_tls(unknown.sign("DNS:elsewhere.example"));
    scripted_server server(answer_with_server_name, context);
    client_options careless = trusting();
    careless.dangerously_accept_any_certificate = true;
    CHECK(get(server, careless));
}

TEST_CASE_FIXTURE(tls_fixture, "authorities can come from a file; an unreadable one fails the start") {
    const auto path = std::filesystem::temp_directory_path() / ("weir-ca-" + std::to_string(::getpid()) + ".pem");
    std::ofstream(path) << trusted.pem();
    client_options from_file;
    from_file.system_trust_store = false;
    from_file.ca_file = path.string();
    scripted_server server(answer_with_server_name, tls);
    CHECK(get(server, from_file));
    std::filesystem::remove(path);
    CHECK_THROWS_AS(client(home, from_file), error_exception);

    client_options from_text;
    from_text.ca_pem = "no certificate";
    CHECK_THROWS_AS(client(home, from_text), error_exception);
}

namespace {

// NOLINTBEGIN(concurrency-mt-unsafe): no other thread reads the environment meanwhile
// Sets an environment variable temporarily; null removes it.
class environment {
public:
    environment(const char* name, const char* value) : name_(name) {
        if (const char* old = std::getenv(name)) before_ = old;
        set(value);
    }
    ~environment() { set(before_ ? before_->c_str() : nullptr); }

private:
    void set(const char* value) const { value ? ::setenv(name_, value, 1) : ::unsetenv(name_); }

    const char* name_;
    std::optional<std::string> before_;
};
// NOLINTEND(concurrency-mt-unsafe)

} // namespace

TEST_CASE_FIXTURE(tls_fixture, "the system's trust store is used, whether a directory or a file") {
    const auto place = std::filesystem::temp_directory_path() / ("weir-trust-" + std::to_string(::getpid()));
    std::filesystem::create_directory(place);
    const auto file = place / trusted.hashed_name();
    std::ofstream(file) << trusted.pem();
    scripted_server server(answer_with_server_name, tls);
    {
        const environment no_file("SSL_CERT_FILE", nullptr);
        const environment directory("SSL_CERT_DIR", place.c_str());
        CHECK(get(server, client_options()));
        client_options distrustful;
        distrustful.system_trust_store = false;
        CHECK(!get(server, distrustful));
    }
    {
        const environment chosen("SSL_CERT_FILE", file.c_str());
        const environment no_directory("SSL_CERT_DIR", "/nowhere");
        CHECK(get(server, client_options()));
    }
    std::filesystem::remove_all(place);
}
