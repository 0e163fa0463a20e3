// SPDX-License-Identifier: MIT
// Which connections are accepted, and how others are refused: a worker from inside, on a clock that the test moves.
#include "integration/http/worker_fixture.hpp"
#include "support/descriptors.hpp"
#include "support/loopback.hpp"
#include "support/temporary_folder.hpp"
#include <weir/http/middleware/trusted_proxies.hpp>
#include <weir/http/server.hpp>
#include <weir/http/static_files.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using http::detail::server_event;
using test_support::echo_hi;
using test_support::no_descriptors;
using test_support::open_descriptors;
using test_support::socket_client;
using test_support::worker_fixture;

namespace {

struct admission_fixture : worker_fixture {
    http::detail::address_limit addresses{2};

    admission_fixture() : worker_fixture(add_routes) {
        options.connections = 4;
        serving->limit_addresses(addresses);
    }
    ~admission_fixture() { serving->abort_all(); } // while the counters exist

    static void add_routes(router& routes) {
        routes.route("/health", [](router& inside) { inside.critical().get("/", [] { return "alive"; }); });
    }
    std::uint64_t refused_by_address() const { return counters.events.count(server_event::refused_by_address); }
    std::uint64_t refusals() const { return counters.events.count(server_event::full) + refused_by_address(); }

    // An accepted connection, for as long as the client lives.
    socket_client admitted(const std::string& address = "127.0.0.1") {
        const std::size_t open = counters.open;
        socket_client client = socket_client::from(address, port);
        REQUIRE(until([&] { return counters.open == open + 1; }));
        return client;
    }
    // A connection that sends a request and is refused before it is read.
    socket_client refused(const std::string& address = "127.0.0.1") {
        const auto before = refusals();
        socket_client client = socket_client::from(address, port);
        client.send(echo_hi);
        REQUIRE(until([&] { return refusals() == before + 1; }));
        return client;
    }
};

} // namespace

TEST_CASE_FIXTURE(admission_fixture, "an address beyond its limit is answered with 503, others are accepted") {
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
    CHECK(refusals() == 1);
    CHECK(refused_by_address() == 1);
    CHECK(counters.open == 3);
}

TEST_CASE("an IPv4 client of a dual-stack listener has its IPv4 address") {
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
    serving.abort_all();
    serving.loop().poll();
}

TEST_CASE_FIXTURE(admission_fixture, "an address may connect again once one of its connections has ended") {
    socket_client leaving = admitted();
    const socket_client staying = admitted();
    SUBCASE("in order") { leaving.half_close(); }
    SUBCASE("with a reset") { leaving.reset(); }
    REQUIRE(until([&] { return counters.open == 1; }));
    socket_client next = admitted();
    CHECK(answer(next, echo_hi) == "hi");
    CHECK(refused().receive().status == 503);
}

TEST_CASE_FIXTURE(admission_fixture, "aborted connections are no longer counted") {
    {
        const socket_client one = admitted();
        const socket_client two = admitted("127.0.0.2");
        CHECK(addresses.clients() == 2);
        serving->abort_all();
        serving->loop().poll();
    }
    CHECK(addresses.clients() == 0);
    CHECK(counters.open == 0);
}

TEST_CASE_FIXTURE(admission_fixture, "the limit of all connections holds across addresses") {
    const socket_client open[] = {
        admitted("127.0.0.1"), admitted("127.0.0.2"), admitted("127.0.0.3"), admitted("127.0.0.4")};
    const auto answered = refused("127.0.0.5").receive();
    CHECK(answered.status == 503);
    CHECK(answered.header("retry-after") == "1");
    CHECK(answered.header("connection") == "close");
    CHECK(answered.body == R"({"code":"unavailable","message":"too many connections, try again later","details":[]})");
    CHECK(refused_by_address() == 0);
    CHECK(until([this] { return addresses.clients() == 4; })); // refused connections are no longer counted
}

TEST_CASE_FIXTURE(admission_fixture, "a client refused after its request reads its answer and the end, not a reset") {
    const socket_client open[] = {admitted(), admitted()};
    socket_client client = refused();
    client.send("more that nobody reads");
    CHECK(client.receive().status == 503);
    CHECK(client.at_end());
}

TEST_CASE_FIXTURE(admission_fixture, "refused sockets are closed after a second, or when there are too many") {
    const socket_client open[] = {admitted(), admitted()};
    const std::size_t before = open_descriptors();
    SUBCASE("after a second") {
        const socket_client client = refused();
        CHECK(open_descriptors() == before + 2); // both ends
        pass(1250ms);
        CHECK(open_descriptors() == before + 1);
    }
    SUBCASE("when there are too many") {
        std::vector<socket_client> many;
        for (int i = 0; i < 200; ++i) many.push_back(refused());
        CHECK(open_descriptors() == before + 200 + 128);
        CHECK(many.back().receive().status == 503);
    }
}

TEST_CASE_FIXTURE(admission_fixture, "critical routes are answered beyond the limit, once per connection") {
    const socket_client open[] = {admitted(), admitted(), admitted("127.0.0.2"), admitted("127.0.0.2")};
    socket_client probe = socket_client::from("127.0.0.3", port);
    const auto alive = meanwhile([&] { return probe.request("GET", "/health"); });
    CHECK(alive.body == "alive");
    CHECK(alive.header("connection") == "close");
    CHECK(meanwhile([&] { return probe.at_end(); }));
    CHECK(refusals() == 0);
}

TEST_CASE_FIXTURE(admission_fixture, "connections beyond the limit that send nothing are few, and soon closed") {
    const socket_client open[] = {admitted(), admitted(), admitted("127.0.0.2"), admitted("127.0.0.2")};
    std::vector<socket_client> silent;
    for (int i = 0; i < 16; ++i) silent.push_back(socket_client::from("127.0.1." + std::to_string(i / 2 + 1), port));
    REQUIRE(until([this] { return counters.open == 20; }));
    socket_client late = socket_client::from("127.0.0.3", port);
    CHECK(meanwhile([&] { return late.receive().status; }) == 503);
    pass(1250ms);
    REQUIRE(until([this] { return counters.open == 4; }));
    socket_client probe = socket_client::from("127.0.0.3", port);
    CHECK(meanwhile([&] { return probe.request("GET", "/health").body; }) == "alive");
}

TEST_CASE_FIXTURE(admission_fixture, "at the limit a new connection replaces the one idle for longest") {
    std::vector<socket_client> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(admitted("127.0.0." + std::to_string(i + 1)));
        if (i != 1) CHECK(answer(clients.back(), echo_hi) == "hi"); // the second one is silent from the start
        pass(1s);
    }
    CHECK(answer(clients[0], echo_hi) == "hi"); // so that the second has been idle for longest, then the third
    pass(1250ms);
    socket_client fifth = socket_client::from("127.0.0.5", port);
    CHECK(answer(fifth, echo_hi) == "hi");
    CHECK(clients[1].at_end());
    socket_client sixth = socket_client::from("127.0.0.6", port);
    CHECK(answer(sixth, echo_hi) == "hi");
    CHECK(clients[2].at_end());
    CHECK(answer(clients[0], echo_hi) == "hi");
    CHECK(answer(clients[3], echo_hi) == "hi");
    CHECK(counters.open == 4);
    CHECK(refusals() == 0);
}

TEST_CASE_FIXTURE(worker_fixture, "a connection that never sends a byte has the time of a head") {
    socket_client silent(port);
    REQUIRE(until([this] { return counters.open == 1; }));
    pass(9750ms);
    CHECK(counters.open == 1);
    pass(500ms);
    CHECK(counters.open == 0);
    CHECK(silent.at_end());
}

TEST_CASE_FIXTURE(worker_fixture,
                  "out of descriptors, new connections are refused at once, and accepted when there are some again") {
    socket_client inside(port);
    CHECK(answer(inside, echo_hi) == "hi");
    socket_client waiting(port);
    waiting.await_delivery(); // the kernel has accepted it, the server hasn't
    {
        const no_descriptors left;
        for (int i = 0; i < 3; ++i) CHECK(answer(inside, echo_hi) == "hi"); // existing connections are still served
        CHECK(counters.accepted == 1);
        REQUIRE(until([this] { return counters.events.count(server_event::full) == 1; }));
        CHECK(waiting.receive().status == 503);
        const auto tries = counters.events.count(server_event::accept_failed);
        for (int i = 0; i < 100; ++i) serving->loop().poll();
        CHECK(counters.events.count(server_event::accept_failed) == tries); // it doesn't spin
    }
    time.advance(100ms);
    socket_client next(port);
    CHECK(answer(next, echo_hi) == "hi");
}

TEST_CASE_FIXTURE(worker_fixture, "accepted sockets and listeners aren't inherited by child processes") {
    const auto inherited = [] {
        int count = 0;
        for (int fd = 0; fd < 1024; ++fd) {
            const int flags = ::fcntl(fd, F_GETFD);
            count += flags != -1 && (flags & FD_CLOEXEC) == 0 ? 1 : 0;
        }
        return count;
    };
    const int before = inherited();
    socket_client client(port);
    REQUIRE(until([this] { return counters.open == 1; }));
    CHECK(inherited() == before + 1); // the client's own
    worker_fixture another;
    CHECK(inherited() == before + 1);
}

namespace {

struct files_fixture {
    test_support::temporary_folder folder;
    router routes;

    files_fixture() {
        folder.put("page", "page");
        routes.route("/files", static_files(folder.path()));
    }
};

} // namespace

TEST_CASE_FIXTURE(files_fixture, "a file is a 503 without a free descriptor, a missing one a 404") {
    test_client client(routes);
    CHECK(client.get("/files/page").status == 200);
    CHECK(client.get("/files/other").status == 404);
    const no_descriptors left;
    const auto busy = client.get("/files/page");
    CHECK(busy.status == 503);
    CHECK(busy.header("retry-after") == "1");
}

namespace {

struct descriptor_limits {
    rlim_t soft;
    rlim_t hard;
};

// Returns the result of `look` for a server started in a process with these limits.
template<class F>
int in_process_with(descriptor_limits limits, F look) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const rlimit low{limits.soft, limits.hard};
        if (::setrlimit(RLIMIT_NOFILE, &low) != 0) std::_Exit(99);
        router routes;
        std::string lines;
        auto options = test_support::loopback();
        options.log = logger(callback_sink([&](std::string_view line) { lines += line; }), {.asynchronous = false});
        server running(routes, options);
        if (!running.start()) std::_Exit(98);
        std::_Exit(look(running, lines));
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

} // namespace

TEST_CASE("a start raises the soft limit of descriptors, and keeps connections below nine tenths of it") {
    const auto raised = [](server&, const std::string&) {
        rlimit now{};
        ::getrlimit(RLIMIT_NOFILE, &now);
        return now.rlim_cur == 500 ? 1 : 0;
    };
    CHECK(in_process_with({64, 500}, raised) == 1);
    const auto fitted = [](server& running, const std::string& lines) {
        const bool said = lines.find("fewer connections than configured") != std::string::npos;
        return running.stats().limit == 450 && said ? 1 : 0;
    };
    CHECK(in_process_with({500, 500}, fitted) == 1);
    const auto enough = [](server& running, const std::string& lines) {
        return running.stats().limit == 10000 && lines.empty() ? 1 : 0;
    };
    CHECK(in_process_with({20000, 20000}, enough) == 1);
}

namespace {

// A server that may hold 100 KiB of incomplete requests.
struct budget_fixture : worker_fixture {
    budget_fixture() { counters.incoming.set(100 * 1024); }

    socket_client uploading(std::size_t whole, std::size_t sent) {
        socket_client client(port);
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(whole) + "\r\n\r\n" +
                    std::string(sent, 'x'));
        client.await_delivery();
        for (int i = 0; i < 10; ++i) serving->loop().poll();
        return client;
    }
};

} // namespace

TEST_CASE_FIXTURE(budget_fixture, "incomplete requests have a budget over all connections") {
    socket_client first = uploading(60'000, 50'000);
    CHECK(counters.incoming.used() >= 50'000);
    socket_client large = uploading(60'000, 0); // announces more than there is room for
    const auto refused = meanwhile([&] { return large.receive(); });
    CHECK(refused.status == 503);
    CHECK(refused.header("retry-after") == "1");
    CHECK(refused.header("connection") == "close");
    socket_client small = uploading(2, 2);
    CHECK(meanwhile([&] { return small.receive().body; }) == "xx");
    first.send(std::string(10'000, 'x'));
    CHECK(meanwhile([&] { return first.receive().body.size(); }) == 60'000);
    CHECK(counters.incoming.used() == 0);
    socket_client next = uploading(60'000, 60'000);
    CHECK(meanwhile([&] { return next.receive().body.size(); }) == 60'000);
}

TEST_CASE_FIXTURE(budget_fixture, "chunks that exceed the budget in sum are refused when they do") {
    socket_client first = uploading(90'000, 80'000);
    socket_client second(port);
    const auto answer = meanwhile([&] {
        second.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        second.send_some("fffff\r\n" + std::string(90'000, 'x'));
        return second.receive();
    });
    CHECK(answer.status == 503);
    first.reset();
    REQUIRE(until([this] { return counters.open <= 1; }));
    CHECK(until([this] { return counters.incoming.used() == 0; }));
}
