// SPDX-License-Identifier: MIT
// Who is let in, and what the others are told: a worker from inside, on a clock that the test moves.
#include "http_server/worker_fixture.hpp"
#include <weir/http/middleware/trusted_proxies.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::echo_hi;
using test_support::socket_client;
using test_support::worker_fixture;

namespace {

struct admission_fixture : worker_fixture {
    http::detail::address_limit addresses{2};

    admission_fixture() {
        options.connections = 4;
        serving->limit_addresses(addresses);
    }
    ~admission_fixture() { serving->cut(); } // while the counts are there

    // One that is in, for as long as the client lives.
    socket_client admitted(const std::string& address = "127.0.0.1") {
        const std::size_t open = counters.open;
        socket_client client = socket_client::from(address, port);
        REQUIRE(until([&] { return counters.open == open + 1; }));
        return client;
    }
    // One that has asked and is told no before its request is read.
    socket_client refused(const std::string& address = "127.0.0.1") {
        const auto before = counters.refused.load();
        socket_client client = socket_client::from(address, port);
        client.send(echo_hi);
        REQUIRE(until([&] { return counters.refused == before + 1; }));
        return client;
    }
};

// Takes every descriptor that the process may still have.
class no_descriptors {
public:
    no_descriptors() {
        getrlimit(RLIMIT_NOFILE, &before_);
        const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        taken_.push_back(next);
        rlimit low = before_;
        low.rlim_cur = static_cast<rlim_t>(next) + 8;
        setrlimit(RLIMIT_NOFILE, &low);
        for (int more = 0; (more = ::dup(next)) >= 0;) taken_.push_back(more);
    }
    ~no_descriptors() {
        for (const int one : taken_) ::close(one);
        setrlimit(RLIMIT_NOFILE, &before_);
    }
    no_descriptors(const no_descriptors&) = delete;
    no_descriptors& operator=(const no_descriptors&) = delete;

private:
    rlimit before_{};
    std::vector<int> taken_;
};

} // namespace

TEST_CASE_FIXTURE(admission_fixture, "an address beyond its limit is told 503, others are let in") {
    socket_client first = admitted();
    const socket_client second = admitted();
    const auto told = refused().receive();
    CHECK(told.status == 503);
    CHECK(told.header("retry-after") == "1");
    CHECK(told.header("connection") == "close");
    CHECK(told.body == R"({"code":"unavailable","message":"too many connections from your address, try again later",)"
                       R"("details":[]})");
    socket_client elsewhere = admitted("127.0.0.2");
    CHECK(answer(elsewhere, echo_hi) == "hi");
    CHECK(answer(first, echo_hi) == "hi");
    CHECK(counters.refused == 1);
    CHECK(counters.crowded == 1);
    CHECK(counters.open == 3);
}

TEST_CASE("an IPv4 client of a listener of both families has its IPv4 address") {
    manual_clock time;
    router routes;
    routes.use(trusted_proxies({.proxies = {"127.0.0.1"}}));
    std::string peer;
    routes.get("/", [&](const request& req, client_info client) {
        peer = req.remote_address();
        return client.address;
    });
    server_options options;
    options.address = "::";
    http::detail::server_counters counters;
    std::uint16_t port = 0;
    http::detail::worker serving(routes.table(), options, counters, time);
    serving.listen(port, true).value();
    serving.accept();
    socket_client client(port);
    const auto answer = [&](const std::string& fields) {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
        peer.clear();
        const auto late = std::chrono::steady_clock::now() + 20s;
        while (peer.empty() && std::chrono::steady_clock::now() < late) serving.loop().poll();
        return client.receive().body;
    };
    CHECK(answer("") == "127.0.0.1");
    CHECK(peer == "127.0.0.1");
    CHECK(answer("X-Forwarded-For: 203.0.113.9\r\n") == "203.0.113.9");
    serving.cut();
    serving.loop().poll();
}

TEST_CASE_FIXTURE(admission_fixture, "an address has room again once one of its connections has ended") {
    socket_client leaving = admitted();
    const socket_client staying = admitted();
    SUBCASE("in order") { leaving.half_close(); }
    SUBCASE("with a reset") { leaving.reset(); }
    REQUIRE(until([&] { return counters.open == 1; }));
    socket_client next = admitted();
    CHECK(answer(next, echo_hi) == "hi");
    CHECK(refused().receive().status == 503);
}

TEST_CASE_FIXTURE(admission_fixture, "nothing is counted any more for connections that were cut") {
    {
        const socket_client one = admitted();
        const socket_client two = admitted("127.0.0.2");
        CHECK(addresses.clients() == 2);
        serving->cut();
        serving->loop().poll();
    }
    CHECK(addresses.clients() == 0);
    CHECK(counters.open == 0);
}

TEST_CASE_FIXTURE(admission_fixture, "the limit of all connections holds whoever they are of") {
    const socket_client open[] = {admitted("127.0.0.1"), admitted("127.0.0.2"), admitted("127.0.0.3"),
                                  admitted("127.0.0.4")};
    const auto told = refused("127.0.0.5").receive();
    CHECK(told.status == 503);
    CHECK(told.header("retry-after") == "1");
    CHECK(told.body == R"({"code":"unavailable","message":"too many connections, try again later","details":[]})");
    CHECK(counters.crowded == 0);
    CHECK(addresses.clients() == 4); // nothing was counted for the one that was refused
}

TEST_CASE_FIXTURE(admission_fixture, "one that is refused after it has asked reads its answer and an end, no reset") {
    const socket_client open[] = {admitted(), admitted()};
    socket_client client = refused();
    client.send("more that nobody reads");
    CHECK(client.receive().status == 503);
    CHECK(client.at_end());
}

TEST_CASE_FIXTURE(admission_fixture, "the refused are forgotten after a second, or when there are too many of them") {
    const auto descriptors = [] {
        int count = 0;
        for (int fd = 0; fd < 1024; ++fd) count += ::fcntl(fd, F_GETFD) != -1 ? 1 : 0;
        return count;
    };
    const socket_client open[] = {admitted(), admitted()};
    const int before = descriptors();
    SUBCASE("after a second") {
        const socket_client client = refused();
        CHECK(descriptors() == before + 2); // both ends
        pass(1250ms);
        CHECK(descriptors() == before + 1);
    }
    SUBCASE("when there are too many") {
        std::vector<socket_client> many;
        for (int i = 0; i < 200; ++i) many.push_back(refused());
        CHECK(descriptors() == before + 200 + 128);
        CHECK(many.back().receive().status == 503);
    }
}

TEST_CASE_FIXTURE(worker_fixture, "out of descriptors the server waits a moment, then lets in who has waited with it") {
    socket_client inside(port);
    CHECK(answer(inside, echo_hi) == "hi");
    socket_client waiting(port);
    waiting.send(echo_hi);
    waiting.await_delivery(); // the kernel has it, the server doesn't yet
    {
        const no_descriptors left;
        for (int i = 0; i < 3; ++i) CHECK(answer(inside, echo_hi) == "hi"); // who is in is served on
        CHECK(counters.accepted == 1);
    }
    serving->loop().poll();
    CHECK(counters.accepted == 1); // it doesn't look before its time
    time.advance(100ms);
    REQUIRE(until([this] { return served == 5; }));
    CHECK(waiting.receive().body == "hi");
}
