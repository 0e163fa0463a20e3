// SPDX-License-Identifier: MIT
// The choice among a host's addresses if some don't respond.
#include "http/client/race.hpp"

#include "http/client/dialer.hpp"
#include "support/client_fixture.hpp"
#include "support/scripted_server.hpp"

#include <boost/asio/error.hpp>

#include <array>
#include <atomic>
#include <dlfcn.h>
#include <memory>
#include <netdb.h>
#include <optional>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;
using test_support::peer;
using test_support::scripted_server;

namespace {

std::atomic<int> flags_of_last_lookup{0};

} // namespace

// Replaces the C library's function and records its arguments.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
    using function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto real = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    if (hints) flags_of_last_lookup = hints->ai_flags;
    return real(name, service, hints, found);
}

namespace {

using boost::asio::ip::make_address;
using boost::asio::ip::tcp;

// A port whose accept queue is full: the kernel drops further connection attempts.
class deaf_port {
public:
    explicit deaf_port(const tcp::endpoint& at) : listener_(io_, at.protocol()) {
        listener_.set_option(tcp::acceptor::reuse_address(true));
        listener_.bind(at);
        listener_.listen(0);
        for (auto& one : fillers_) {
            one.open(at.protocol());
            one.native_non_blocking(true);
            const auto here = listener_.local_endpoint();
            static_cast<void>(::connect(one.native_handle(), here.data(), static_cast<socklen_t>(here.size())));
        }
    }
    tcp::endpoint at() const { return listener_.local_endpoint(); }

private:
    boost::asio::io_context io_;
    tcp::acceptor listener_;
    std::array<tcp::socket, 4> fillers_{tcp::socket(io_), tcp::socket(io_), tcp::socket(io_), tcp::socket(io_)};
};

tcp::endpoint loopback(unsigned short port = 0, const char* address = "127.0.0.1") {
    return {make_address(address), port};
}

// An address without a listener.
tcp::endpoint refused_port() {
    boost::asio::io_context io;
    return tcp::acceptor(io, loopback()).local_endpoint();
}

struct race_fixture {
    manual_clock time;
    loop home{time};
    scripted_server server{[](peer& link) { link.wait_until_gone(); }};
    client_interrupt stop;
    std::unique_ptr<client_race> race;
    std::unique_ptr<client_connection> winner;
    boost::system::error_code failed;
    bool done = false;

    tcp::endpoint good() const { return loopback(server.port()); }

    task<void> run() {
        winner = co_await race->run(stop, failed);
        done = true;
    }
    void start(std::vector<tcp::endpoint> to) {
        race = std::make_unique<client_race>(home, std::move(to));
        home.spawn(run());
        for (int i = 0; i < 100; ++i) home.poll();
    }
    void finish() {
        turn_until(home, [&] { return done; });
    }
};

std::vector<std::string> mixed(std::initializer_list<const char*> addresses) {
    client_lookup::addresses all;
    for (const char* one : addresses) all.push_back(make_address(one));
    std::vector<std::string> out;
    for (const auto& one : by_turns(all, 80)) out.push_back(one.address().to_string());
    return out;
}

} // namespace

TEST_CASE_FIXTURE(race_fixture, "an unresponsive address costs 250 ms, not its share of the timeout") {
    const deaf_port deaf(loopback());
    start({deaf.at(), good()});
    CHECK(server.connections() == 0);
    time.advance(249ms);
    for (int i = 0; i < 100; ++i) home.poll();
    CHECK(server.connections() == 0);
    CHECK(!done);
    time.advance(1ms);
    finish();
    REQUIRE(winner);
    CHECK(!failed);
    CHECK(race->more()); // the unresponsive one hasn't failed
}

TEST_CASE_FIXTURE(race_fixture,
                  "an address that refuses costs nothing, and one that accepts leaves the others untried") {
    const deaf_port deaf(loopback());
    start({refused_port(), refused_port(), good(), deaf.at()});
    finish();
    CHECK(winner);
    turn_until(home, [&] { return server.connections() == 1; });
}

TEST_CASE_FIXTURE(race_fixture, "while one attempt is pending, failing addresses are skipped at once") {
    const deaf_port deaf(loopback());
    start({deaf.at(), refused_port(), good()});
    time.advance(250ms);
    finish();
    CHECK(winner);
}

TEST_CASE_FIXTURE(race_fixture, "if all addresses refuse, the last failure is the outcome") {
    start({refused_port(), refused_port()});
    finish();
    CHECK(!winner);
    CHECK(failed == boost::asio::error::connection_refused);
    CHECK(!race->more());
}

TEST_CASE_FIXTURE(race_fixture, "a stopped race, and a destroyed one, leave nothing behind") {
    const deaf_port deaf(loopback());
    start({deaf.at(), deaf.at(), good()});
    stop.raise(errc::cancelled);
    finish();
    CHECK(!winner);
    CHECK(failed == boost::asio::error::operation_aborted);
    race.reset();
    time.advance(1s);
    for (int i = 0; i < 100; ++i) home.poll();
    CHECK(server.connections() == 0);
}

TEST_CASE("address families alternate, starting with that of the first address") {
    using list = std::vector<std::string>;
    CHECK(mixed({"2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.2"}) ==
          list{"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3"});
    CHECK(mixed({"192.0.2.1", "2001:db8::1", "2001:db8::2"}) == list{"192.0.2.1", "2001:db8::1", "2001:db8::2"});
    CHECK(mixed({"192.0.2.2", "192.0.2.1"}) == list{"192.0.2.2", "192.0.2.1"});
    CHECK(mixed({}).empty());
}

namespace {

// A dialer that resolves every name to these addresses.
struct dial_fixture {
    manual_clock time;
    loop home{time};
    client_interrupt stop;
    std::optional<result<std::unique_ptr<client_connection>>> outcome;

    task<void> run(client_dialer& dialer, client_url url) { outcome.emplace(co_await dialer.dial(url, stop)); }

    client_dialer dialer(client_lookup::addresses all) {
        return {home, client_options(),
                [all](const std::string&, const client_lookup::answer& report) { report({}, all); }};
    }
};

} // namespace

TEST_CASE_FIXTURE(dial_fixture, "a host is reached although its first address is silent, and times out if all are") {
    scripted_server server([](peer& link) { link.wait_until_gone(); });
    const deaf_port deaf(loopback(server.port(), "127.0.0.2"));
    auto both = dialer({deaf.at().address(), make_address("127.0.0.1")});
    const auto url = parse_client_url("http://shop.example:" + std::to_string(server.port()) + "/").value();
    home.spawn(run(both, url));
    for (int i = 0; i < 100; ++i) home.poll();
    CHECK(!outcome);
    time.advance(250ms);
    turn_until(home, [&] { return outcome.has_value(); });
    CHECK(outcome->has_value());

    outcome.reset();
    auto none = dialer({deaf.at().address()});
    home.spawn(run(none, url));
    for (int i = 0; i < 100; ++i) home.poll();
    time.advance(5s);
    turn_until(home, [&] { return outcome.has_value(); });
    CHECK(outcome->error().message() == "connecting to " + url.authority() + " took longer than the connect timeout");
}

TEST_CASE_FIXTURE(dial_fixture, "if TLS fails, the host's other addresses are tried") {
    scripted_server server([](peer& link) {
        link.receive_some();
        link.send("HTTP/1.1 400 No TLS here\r\n\r\n");
    });
    auto twice = dialer(client_lookup::addresses(2, make_address("127.0.0.1")));
    const auto url = parse_client_url("https://shop.example:" + std::to_string(server.port()) + "/").value();
    home.spawn(run(twice, url));
    turn_until(home, [&] { return outcome.has_value(); });
    CHECK(outcome->error() == errc::unavailable);
    CHECK(outcome->error().message().find("TLS with shop.example failed") == 0);
    CHECK(server.connections() == 2);
}

TEST_CASE("the system resolver returns only address families that the machine has") {
    loop home;
    const auto ask = client_lookup::system(home); // its destruction would end the lookup
    bool answered = false;
    ask("localhost", [&](const boost::system::error_code& failed, const client_lookup::addresses& found) {
        answered = true;
        CHECK(!failed);
        CHECK(!found.empty());
    });
    turn_until(home, [&] { return answered; });
    CHECK((flags_of_last_lookup & AI_ADDRCONFIG) != 0);
}
