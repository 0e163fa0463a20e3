// SPDX-License-Identifier: MIT
// TLS without sockets: two engines that communicate through memory.
#include "http/tls/engine.hpp"

#include "http/tls/context.hpp"
#include "support/certificate_folder.hpp"
#include "support/tls_client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

using namespace weir;
using http::detail::tls_context;
using http::detail::tls_engine;
using step = tls_engine::step;

namespace {

// One side: the plaintext it received, and the bytes it has to send.
struct side {
    side(SSL_CTX* settings, tls_engine::role which) : engine(settings, which) {}

    step hear(std::string_view bytes) {
        std::vector<char> exact(bytes.begin(), bytes.end()); // so that a sanitizer detects a read past its end
        std::array<char, tls_engine::record> room;
        engine.feed(exact);
        std::size_t size = 0;
        step came{};
        while ((came = engine.read(room, size, says)) == step::piece) understood.append(room.data(), size);
        engine.feed({});
        return came;
    }
    std::string speak() { return std::exchange(says, {}); }

    tls_engine engine;
    std::string says;
    std::string understood;
};

struct conversation {
    conversation(SSL_CTX* client_side, SSL_CTX* server_side)
        : client(client_side, tls_engine::role::client), server(server_side, tls_engine::role::server) {
        client.hear({});
    }

    // Runs until neither side has anything to send.
    bool shake_hands() {
        while (!client.says.empty() || !server.says.empty()) {
            server.hear(client.speak());
            client.hear(server.speak());
        }
        return client.engine.ready() && server.engine.ready();
    }
    void tell(side& speaker, side& listener, std::string_view text) {
        REQUIRE(speaker.engine.encrypt(text, speaker.says));
        listener.hear(speaker.speak());
    }

    side client;
    side server;
};

struct engine_fixture {
    test_support::certificate_folder files;
    test_support::tls_detail::tls_settings client_side = test_support::client_settings(files.path("ca.pem"));
    std::shared_ptr<const tls_context> server_side = tls_context::load(files.options()).value();

    conversation talk() const { return {client_side.get(), server_side->native()}; }
    void serve(const server_tls& options) { server_side = tls_context::load(options).value(); }
    void offer(std::initializer_list<unsigned char> protocols) const {
        const std::vector<unsigned char> list(protocols);
        SSL_CTX_set_alpn_protos(client_side.get(), list.data(), static_cast<unsigned>(list.size()));
    }
    void client_speaks(int oldest, int newest) const {
        SSL_CTX_set_security_level(client_side.get(), 0); // the default level would forbid TLS 1.1
        SSL_CTX_set_min_proto_version(client_side.get(), oldest);
        SSL_CTX_set_max_proto_version(client_side.get(), newest);
    }
};

std::string_view half(const std::string& text, std::size_t at, int which) {
    const auto whole = std::string_view(text);
    const std::size_t cut = std::min(at, whole.size());
    return which == 0 ? whole.substr(0, cut) : whole.substr(cut);
}

} // namespace

TEST_CASE_FIXTURE(engine_fixture, "two engines agree on TLS 1.3, exchange data, and both close") {
    auto pair = talk();
    auto& [client, server] = pair;
    REQUIRE(pair.shake_hands());
    CHECK(server.engine.info().version == "TLSv1.3");
    CHECK(!server.engine.info().certificate);
    pair.tell(client, server, "question");
    CHECK(server.understood == "question");
    const std::string large(100000, 'x');
    pair.tell(server, client, large);
    CHECK(client.understood == large);

    client.engine.close(client.says);
    CHECK(server.hear(client.speak()) == step::end);
    pair.tell(server, client, "still an answer"); // the other direction is still open
    CHECK(client.understood == large + "still an answer");
    server.engine.close(server.says);
    CHECK(client.hear(server.speak()) == step::end);
    CHECK(!server.engine.encrypt("too late", server.says));
    server.engine.close(server.says);
    CHECK(server.says.empty()); // close_notify is sent only once
}

TEST_CASE_FIXTURE(engine_fixture, "a handshake is the same at every split point of its bytes") {
    std::size_t longest = 1;
    for (std::size_t at = 0; at < longest; ++at) {
        CAPTURE(at);
        auto pair = talk();
        auto& [client, server] = pair;
        while (!client.says.empty()) {
            if (client.engine.ready()) REQUIRE(client.engine.encrypt("question", client.says));
            const std::string said = client.speak();
            longest = std::max(longest, said.size());
            for (int which : {0, 1}) REQUIRE(server.hear(half(said, at, which)) == step::more);
            const std::string answered = server.speak();
            for (int which : {0, 1}) REQUIRE(client.hear(half(answered, at, which)) == step::more);
        }
        REQUIRE(server.engine.ready());
        REQUIRE(server.understood == "question");
    }
    CHECK(longest > 100);
}

TEST_CASE_FIXTURE(engine_fixture, "no byte of a client's flights can be changed undetected") {
    std::size_t longest = 1;
    for (std::size_t at = 0; at < longest; ++at) {
        CAPTURE(at);
        auto pair = talk();
        auto& [client, server] = pair;
        const auto garbled = [&](std::string said) {
            longest = std::max(longest, said.size());
            if (at < said.size()) said[at] = static_cast<char>(said[at] ^ 0x20);
            return said;
        };
        while (!client.says.empty()) {
            if (client.engine.ready()) REQUIRE(client.engine.encrypt("question", client.says));
            server.hear(garbled(client.speak()));
            client.hear(server.speak());
        }
        if (server.understood.empty()) continue; // it failed, or waits for the rest of a longer record
        REQUIRE(server.understood == "question");
        REQUIRE(at < 3); // the versions in the first record's header, which RFC 8446 section 5.1 says to ignore
    }
}

TEST_CASE_FIXTURE(engine_fixture, "TLS 1.2 is supported with forward secrecy, 1.1 is refused") {
    client_speaks(TLS1_2_VERSION, TLS1_2_VERSION);
    auto older = talk();
    REQUIRE(older.shake_hands());
    CHECK(older.server.engine.info().version == "TLSv1.2");
    CHECK(older.server.engine.info().cipher.starts_with("ECDHE-"));
    older.tell(older.client, older.server, "question");
    CHECK(older.server.understood == "question");

    client_speaks(TLS1_1_VERSION, TLS1_1_VERSION);
    auto oldest = talk();
    CHECK(!oldest.shake_hands());
    CHECK(oldest.server.engine.failed());
}

TEST_CASE_FIXTURE(engine_fixture, "a server can require TLS 1.3") {
    auto options = files.options();
    options.oldest = http::tls_version::v1_3;
    serve(options);
    CHECK(talk().shake_hands());
    client_speaks(TLS1_2_VERSION, TLS1_2_VERSION);
    CHECK(!talk().shake_hands());
}

TEST_CASE_FIXTURE(engine_fixture, "http/1.1 is selected from ALPN's list; other protocols alone are refused") {
    CHECK(talk().shake_hands()); // without ALPN
    offer({2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'});
    auto pair = talk();
    CHECK(pair.shake_hands());
    offer({2, 'h', '2'});
    auto other = talk();
    CHECK(!other.shake_hands());
    CHECK(other.server.engine.failed());
}

TEST_CASE_FIXTURE(engine_fixture, "a client without TLS is distinguished from one that sends garbage") {
    for (const std::string_view request : {"GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\n", "CONNECT a:443 HTTP/1.1\r\n",
                                           "DELETE / HTTP/1.1\r\n", "M-SEARCH * HTTP/1.1\r\n", "X / HTTP/1.1\r\n"}) {
        CAPTURE(request);
        side whole(server_side->native(), tls_engine::role::server);
        CHECK(whole.hear(request) == step::failed);
        CHECK(whole.engine.peer_speaks_http());
        CHECK(whole.speak().empty()); // no alert before the plain response
        side split(server_side->native(), tls_engine::role::server);
        CHECK(split.hear(request.substr(0, 2)) == step::more);
        CHECK(split.hear(request.substr(2)) == step::failed);
        CHECK(split.engine.peer_speaks_http());
    }
    for (const std::string_view other : {"  / HTTP/1.1\r\n", "get / HTTP/1.1\r\n", "SSH-2.0-OpenSSH_9.2\r\n"}) {
        CAPTURE(other);
        side stranger(server_side->native(), tls_engine::role::server);
        CHECK(stranger.hear(other) == step::failed);
        CHECK(!stranger.engine.peer_speaks_http());
    }
    side server(server_side->native(), tls_engine::role::server);
    CHECK(server.hear(std::string(1000, '\xff')) == step::failed);
    CHECK(!server.engine.peer_speaks_http());
    CHECK(server.hear("more") == step::failed);
    CHECK(!server.engine.encrypt("no", server.says));
}

TEST_CASE_FIXTURE(engine_fixture, "bytes that aren't a record end an open connection") {
    auto pair = talk();
    REQUIRE(pair.shake_hands());
    CHECK(pair.server.hear("GET / HTTP/1.1\r\n\r\n") == step::failed);
    CHECK(!pair.server.engine.peer_speaks_http()); // too late for that
    CHECK(pair.server.understood.empty());
}

TEST_CASE_FIXTURE(engine_fixture, "a client's certificate is described once it has been verified") {
    serve(files.options(http::client_certificates::required));
    test_support::certificate_request wanted;
    wanted.common_name = "device-7";
    wanted.subject_alt_name = "DNS:seven.example,URI:spiffe://weir/device/7,email:seven@example.com,IP:10.0.0.7";
    test_support::show(client_side.get(), files.trusted.sign(wanted));
    auto pair = talk();
    REQUIRE(pair.shake_hands());
    const auto its = pair.server.engine.info().certificate;
    REQUIRE(its);
    CHECK(its->subject == "CN=device-7");
    CHECK(its->issuer == "CN=weir test authority");
    CHECK(its->common_name == "device-7");
    CHECK(its->dns_names == std::vector<std::string>{"seven.example"});
    CHECK(its->uris == std::vector<std::string>{"spiffe://weir/device/7"});
    CHECK(its->emails == std::vector<std::string>{"seven@example.com"});
    CHECK(its->fingerprint.size() == 64);
    CHECK(!its->serial.empty());
}

TEST_CASE_FIXTURE(engine_fixture, "a certificate not signed by the authority, or none, fails if one is required") {
    serve(files.options(http::client_certificates::required));
    auto without = talk();
    without.shake_hands();
    CHECK(without.server.engine.failed());
    const test_support::authority stranger("somebody else");
    test_support::show(client_side.get(), stranger.sign("DNS:a"));
    auto forged = talk();
    forged.shake_hands();
    CHECK(forged.server.engine.failed());
    test_support::certificate_request expired;
    expired.starts_in = -7200;
    expired.ends_in = -3600;
    test_support::show(client_side.get(), files.trusted.sign(expired));
    auto late = talk();
    late.shake_hands();
    CHECK(late.server.engine.failed());
}

TEST_CASE_FIXTURE(engine_fixture, "unusable files are named with the reason") {
    const auto refusal = [](const server_tls& options) {
        const auto loaded = tls_context::load(options);
        REQUIRE(!loaded);
        CHECK(loaded.error() == errc::invalid_argument);
        return std::string(loaded.error().message());
    };
    auto options = files.options();
    options.certificate_file = files.path("none.pem");
    CHECK(refusal(options) ==
          "TLS: the certificate file " + files.path("none.pem") + " can't be used: No such file or directory");
    options.certificate_file.clear();
    CHECK(refusal(options) == "TLS: no certificate file is configured");
    options = files.options();
    options.certificate_file = files.put("text.pem", "not a certificate");
    CHECK(refusal(options).find("text.pem can't be used: no start line") != std::string::npos);
    options = files.options();
    options.key_file = files.put("other.key", files.trusted.sign("DNS:b").key_pem);
    CHECK(refusal(options).find("other.key can't be used: key values mismatch") != std::string::npos);
    const test_support::tls_detail::private_key of_another_type(EVP_RSA_gen(2048));
    options.key_file = files.put("rsa.key", test_support::tls_detail::pem_of(of_another_type.get()));
    CHECK(refusal(options).find("rsa.key can't be used: ") != std::string::npos);
    options = files.options(http::client_certificates::requested);
    options.client_ca_file.clear();
    CHECK(refusal(options) == "TLS: no client CA file is configured");
    options.client_ca_file = files.path("none.pem");
    CHECK(refusal(options).find("the client CA file " + files.path("none.pem")) != std::string::npos);
}

TEST_CASE_FIXTURE(engine_fixture, "an encrypted key is refused instead of prompting at the terminal") {
    const test_support::tls_detail::private_key key(EVP_EC_gen("P-256"));
    const test_support::tls_detail::memory_bio out(BIO_new(BIO_s_mem()));
    char password[] = "secret";
    REQUIRE(PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), password, 6, nullptr, nullptr) == 1);
    auto options = files.options();
    options.key_file = files.put("locked.key", test_support::tls_detail::text_of(out));
    const auto loaded = tls_context::load(options);
    REQUIRE(!loaded);
    CHECK(loaded.error().message().find("locked.key can't be used") != std::string_view::npos);
}
