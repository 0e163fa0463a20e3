// SPDX-License-Identifier: MIT
#include "integration/mqtt/broker_fixture.hpp"
#include "support/certificates.hpp"

#include <cstdlib>

using namespace weir;
using namespace std::chrono_literals;
using mqtt_test::in_time;
using mqtt_test::options_for;
using mqtt_test::run_until;
using mqtt_test::witness;

namespace {

// A broker that speaks TLS with a certificate for 127.0.0.1.
struct tls_broker {
    test_support::authority trusted{};
    test_support::temporary_folder files{};
    std::string ca = files.put("ca.pem", trusted.pem());
    test_support::mosquitto_server broker;

    tls_broker() : broker(settings()) {}

    std::string url() const { return "mqtts://127.0.0.1:" + std::to_string(broker.port()); }

private:
    std::vector<std::string> settings() const {
        std::filesystem::permissions(files.path(), std::filesystem::perms::all);
        const auto made = trusted.sign("IP:127.0.0.1");
        return {"certfile " + files.put("server.pem", made.pem), "keyfile " + files.put("server.key", made.key_pem)};
    }
};

} // namespace

TEST_CASE("a wrong password is unauthenticated, and the right one connects") {
    const test_support::temporary_folder folder;
    std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
    const std::string passwords = folder.put("passwords", "");
    const std::string command = "mosquitto_passwd -b " + passwords + " shop secret 2>/dev/null";
    REQUIRE(std::system(command.c_str()) == 0);
    std::filesystem::permissions(passwords, std::filesystem::perms::all);
    const test_support::mosquitto_server broker({"allow_anonymous false", "password_file " + passwords});
    loop home;
    auto options = options_for(broker.url());
    options.user = "shop";
    options.password = "wrong";
    {
        mqtt::client refused(options);
        const auto why = in_time(home, refused.connect()).error();
        CHECK((why == errc::unauthenticated || why == errc::permission_denied));
    }
    options.password = "secret";
    mqtt::client accepted(options);
    CHECK(in_time(home, accepted.connect()));
}

TEST_CASE("TLS connects to a broker whose certificate is trusted, and to no other") {
    const tls_broker broker;
    loop home;
    auto options = options_for(broker.url());
    {
        mqtt::client suspicious(options);
        CHECK(in_time(home, suspicious.connect(), 200ms).error() == errc::deadline_exceeded);
        CHECK(suspicious.stats().last_failure.message().find("certificate verify failed") != std::string::npos);
    }
    options.tls.authorities = broker.ca;
    {
        auto other = options;
        other.tls.server_name = "other.example";
        mqtt::client suspicious(other);
        CHECK(in_time(home, suspicious.connect(), 200ms).error() == errc::deadline_exceeded);
    }
    mqtt::client trusting(options);
    REQUIRE(in_time(home, trusting.connect()));
    witness seen;
    CHECK(in_time(home, trusting.subscribe("a", seen.handler())));
    for (int n = 0; n < 50; ++n) CHECK(in_time(home, trusting.publish("a", std::string(10000, 'x'))));
    run_until(home, [&] { return seen.all == 50; });
    CHECK(in_time(home, trusting.close()));
}

TEST_CASE("a subscription that the broker doesn't permit is refused") {
    const test_support::temporary_folder folder;
    std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
    const std::string rules = folder.put("rules", "topic readwrite open/#\n");
    std::filesystem::permissions(rules, std::filesystem::perms::all);
    const test_support::mosquitto_server broker({"acl_file " + rules});
    loop home;
    mqtt::client limited(options_for(broker.url()));
    REQUIRE(in_time(home, limited.connect()));
    witness seen;
    CHECK(in_time(home, limited.subscribe("open/a", seen.handler())));
}
