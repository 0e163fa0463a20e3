// SPDX-License-Identifier: MIT
// Where and how a mysql:// URL connects: TCP, Unix sockets, TLS.
#include "integration/orm/backends.hpp"
#include "support/certificates.hpp"

#ifdef WEIR_TEST_MARIADB

using namespace weir;
using namespace orm_test;

namespace {

// A server that offers TLS as `localhost`, and its clients' certificates.
struct secure_server {
    test_support::authority trusted;
    test_support::authority stranger;
    temporary_folder files;
    test_support::mariadb_server server{identity()};

    test_support::server_certificate identity() const {
        test_support::certificate_request wanted;
        wanted.subject_alt_name = "DNS:localhost";
        const auto made = trusted.sign(wanted);
        return {made.pem, made.key_pem, trusted.pem()};
    }

    std::string url(const std::string& host, const std::string& options, const std::string& user = "root") const {
        return "mysql://" + user + "@" + host + ":" + std::to_string(server.port()) + "/mysql" + options;
    }
    std::string trusting(const test_support::authority& authority, const std::string& mode) const {
        return "?sslmode=" + mode + "&sslrootcert=" + files.put("ca.pem", authority.pem());
    }
};

secure_server& running_secure_server() {
    static secure_server running;
    return running;
}

// The cipher of a new connection, empty without TLS; or the reason why it can't connect.
result<std::string> cipher_of(const std::string& url) {
    loop home;
    database db(patient(url));
    const auto found = home.block_on(db.query<std::string>(
        "SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'"));
    if (!found) return found.error();
    return found->front();
}

std::string why_refused_at(const std::string& url) {
    const auto cipher = cipher_of(url);
    if (cipher) return "connected, with the cipher '" + *cipher + "'";
    CHECK(cipher.error() == errc::unavailable);
    CHECK(cipher.error().message() == "the database can't be reached");
    return std::string(cipher.error().cause().message());
}

bool mentions(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

} // namespace

TEST_CASE("localhost with a port uses that port even if a server has the default Unix socket") {
    std::string url = mariadb_server().url("mysql");
    url.replace(url.find("127.0.0.1"), 9, "localhost");
    loop home;
    database db(patient(url));
    const auto port = home.block_on(db.query<std::int64_t>("SELECT @@port")).value().front();
    CHECK(port == mariadb_server().port());
}

TEST_CASE("a Unix socket is an option of the URL") {
    loop home;
    database db(patient("mysql://root@localhost/mysql?socket=" + mariadb_server().socket()));
    const auto host = home.block_on(
        db.query<std::string>("SELECT host FROM information_schema.processlist WHERE id = connection_id()"));
    CHECK(host.value().front() == "localhost"); // over TCP it is an address with a port
}

TEST_CASE("TLS is used if the server supports it, unless disabled") {
    const auto& on = running_secure_server();
    CHECK(!cipher_of(on.url("127.0.0.1", "")).value().empty());
    CHECK(!cipher_of(on.url("127.0.0.1", "?sslmode=prefer")).value().empty());
    CHECK(!cipher_of(on.url("127.0.0.1", "?sslmode=require")).value().empty());
    CHECK(cipher_of(on.url("127.0.0.1", "?sslmode=disable")).value().empty());
}

TEST_CASE("a server without TLS is refused if TLS is required") {
    const std::string url = mariadb_server().url("mysql");
    CHECK(cipher_of(url).value().empty());
    CHECK(why_refused_at(url + "?sslmode=require") == "the server doesn't support TLS");
    CHECK(!cipher_of(url + "?sslmode=verify-full"));
}

TEST_CASE("verify-ca accepts a server of the given authority with any name") {
    const auto& on = running_secure_server();
    CHECK(!cipher_of(on.url("127.0.0.1", on.trusting(on.trusted, "verify-ca"))).value().empty());
    const auto refused = why_refused_at(on.url("127.0.0.1", on.trusting(on.stranger, "verify-ca")));
    CHECK_MESSAGE(mentions(refused, "certificate"), refused);
}

TEST_CASE("verify-full accepts only a server of the given authority and of the URL's name") {
    const auto& on = running_secure_server();
    CHECK(!cipher_of(on.url("localhost", on.trusting(on.trusted, "verify-full"))).value().empty());
    for (const auto& url :
         {on.url("127.0.0.1", on.trusting(on.trusted, "verify-full")),
          on.url("localhost", on.trusting(on.stranger, "verify-full")),
          on.url("localhost", "?sslmode=verify-full")}) { // the system doesn't know the authority
        const auto refused = why_refused_at(url);
        CHECK_MESSAGE(mentions(refused, "certificate"), refused);
    }
}

TEST_CASE("a client sends its certificate if the server requires one") {
    const auto& on = running_secure_server();
    const auto who = on.trusted.sign(test_support::certificate_request());
    execute_at(on.url("127.0.0.1", ""), "CREATE OR REPLACE USER shop@'127.0.0.1' REQUIRE X509");
    execute_at(on.url("127.0.0.1", ""), "GRANT ALL ON mysql.* TO shop@'127.0.0.1'");
    const std::string shown = "?sslmode=require&sslcert=" + on.files.put("client.pem", who.pem) +
                              "&sslkey=" + on.files.put("client.key", who.key_pem);
    CHECK(!cipher_of(on.url("127.0.0.1", shown, "shop")).value().empty());
    CHECK(!cipher_of(on.url("127.0.0.1", "?sslmode=require", "shop")));
    CHECK(!cipher_of(on.url("127.0.0.1", shown + ".missing", "shop")));
}

#endif
