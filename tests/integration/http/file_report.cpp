// SPDX-License-Identifier: MIT
// The report to layers about a response whose body is a file: when it was sent, and how much of it.
#include "core/broken_pipe.hpp"
#include "integration/http/large_body.hpp"
#include "integration/http/take_body.hpp"
#include "integration/http/worker_fixture.hpp"
#include "support/temporary_folder.hpp"
#include <weir/core/loop.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test_support::socket_client;
using test_support::worker_fixture;

namespace {

constexpr std::size_t large = 8 * 1024 * 1024; // more than the kernel holds for a client with a small buffer

struct report {
    std::string path;
    int status;
    http::exchange_summary end;
};

struct file_fixture : worker_fixture {
    std::vector<report> reports;
    int asked = 0;
    test_support::temporary_folder folder;
    std::string whole = test_support::pattern(large);
    std::shared_ptr<const http::open_file> file = test_support::file_of(folder.put("large", whole));

    file_fixture() : worker_fixture([this](router& app) { add_routes(app); }) {
        weir::detail::ignore_broken_pipes(); // as a server's start does
    }

    void add_routes(router& app) {
        http::middleware listens;
        listens.done = [this](const request& req, const response& res, const http::exchange_summary& end) {
            reports.push_back({std::string(req.path()), res.status, end});
        };
        app.use(listens);
        app.get("/large", [this] {
            ++asked;
            return file_answer(large);
        });
        app.get("/large/later", [this]() -> task<response> {
            ++asked;
            co_await sleep_for(sweep);
            co_return file_answer(large);
        });
        app.get("/small", [this] { return file_answer(1000); });
        app.get("/too_short", [this] { return file_answer(large + 1); });
        app.get("/text", [] { return "text"; });
    }
    response file_answer(std::size_t size) const {
        response res;
        http::send_file({file, 0, size}, res);
        return res;
    }
};

std::string get(std::string_view target, std::string_view more = "") {
    return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: a\r\n").append(more).append("\r\n");
}

} // namespace

TEST_CASE_FIXTURE(file_fixture, "layers see a file's response when it has been sent, with its time and all its bytes") {
    std::string target;
    SUBCASE("from a plain handler") { target = "/large"; }
    SUBCASE("from a handler that was suspended") { target = "/large/later"; }
    auto client = socket_client::small(port);
    client.send(get(target));
    REQUIRE(until([this] { return asked == 1; }));
    pass(2 * sweep);
    std::string all = meanwhile([&] { return client.until("\r\n\r\n"); });
    const std::size_t head = all.size();
    CHECK(reports.empty());
    pass(3s);
    CHECK((meanwhile([&] { return client.take(large); }) == whole)); // too long to print
    REQUIRE(until([this] { return !reports.empty(); }));
    CHECK(reports[0].path == target);
    CHECK(reports[0].status == 200);
    CHECK(reports[0].end.bytes == head + large);
    CHECK(reports[0].end.took >= 3s);
    CHECK(!reports[0].end.aborted);
}

TEST_CASE_FIXTURE(file_fixture, "a client that goes away during a file is reported, with the bytes it took") {
    auto client = socket_client::small(port);
    client.send(get("/large"));
    meanwhile([&] { return client.until("\r\n\r\n"); });
    meanwhile([&] { return client.take(6000); });
    client.reset();
    REQUIRE(until([this] { return !reports.empty(); }));
    CHECK(reports[0].path == "/large");
    CHECK(reports[0].end.aborted);
    CHECK(reports[0].end.bytes >= 6000);
    CHECK(reports[0].end.bytes < large);
    pass(2s);
    CHECK(reports.size() == 1);
}

TEST_CASE_FIXTURE(file_fixture, "a client that stops reading a file is aborted and reported") {
    auto client = socket_client::small(port);
    client.send(get("/large"));
    meanwhile([&] { return client.until("\r\n\r\n"); });
    for (int second = 0; second < 600 && reports.empty(); ++second) pass(1s);
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].end.aborted);
    CHECK(reports[0].end.bytes < large);
    CHECK(reports[0].end.took >= options.limits.write_time);
}

TEST_CASE_FIXTURE(file_fixture, "a worker that ends in the middle of a file reports it") {
    auto client = socket_client::small(port);
    client.send(get("/large"));
    meanwhile([&] { return client.until("\r\n\r\n"); });
    serving->abort_all();
    REQUIRE(until([this] { return !reports.empty(); }));
    CHECK(reports[0].end.aborted);
    CHECK(reports[0].end.bytes < large);
}

TEST_CASE_FIXTURE(file_fixture, "a file that is shorter than announced ends the connection, and is reported") {
    socket_client client(port);
    client.send(get("/too_short"));
    const std::string all = meanwhile([&] { return client.rest(); });
    CHECK(all.size() < 2 * large);
    REQUIRE(until([this] { return !reports.empty(); }));
    CHECK(reports.size() == 1);
    CHECK(reports[0].end.aborted);
}

TEST_CASE_FIXTURE(file_fixture, "a request behind a file is answered in its turn") {
    socket_client client(port);
    client.send(get("/small") + get("/text") + get("/large") + get("/small") + get("/text", "Connection: close\r\n"));
    std::string all = meanwhile([&] { return client.rest(); });
    for (const std::size_t size : {std::size_t{1000}, std::size_t{0}, large, std::size_t{1000}, std::size_t{0}}) {
        const std::string body = test_support::take_body(all).value();
        CHECK((body == (size != 0 ? whole.substr(0, size) : "text")));
    }
    CHECK(all.empty());
    REQUIRE(reports.size() == 5);
    for (const auto& one : reports) CHECK(!one.end.aborted);
    CHECK(reports[2].path == "/large");
    CHECK(reports[4].path == "/text");
}

TEST_CASE_FIXTURE(file_fixture, "a client that half-closes after its request gets the whole file") {
    auto client = socket_client::small(port);
    client.send(get("/large"));
    client.half_close();
    std::string all = meanwhile([&] { return client.rest(); });
    CHECK((test_support::take_body(all) == whole));
    REQUIRE(reports.size() == 1);
    CHECK(!reports[0].end.aborted);
}

TEST_CASE_FIXTURE(file_fixture, "a drain lets a file complete, then ends its connection") {
    auto client = socket_client::small(port);
    client.send(get("/large"));
    std::string all = meanwhile([&] { return client.until("\r\n\r\n"); });
    bool gone = false;
    serving->drain([&gone] { gone = true; });
    all += meanwhile([&] { return client.take(large); });
    CHECK((test_support::take_body(all) == whole));
    REQUIRE(until([this] { return reports.size() == 1; }));
    CHECK(!reports[0].end.aborted);
    pass(1s);
    CHECK(meanwhile([&] { return client.at_end(); }));
    CHECK(until([&gone] { return gone; }));
}

TEST_CASE_FIXTURE(file_fixture, "a head and a small file leave in one packet") {
    socket_client client(port);
    client.send(get("/small"));
    REQUIRE(until([this] { return reports.size() == 1; }));
    CHECK(meanwhile([&] { return client.receive(); }).body == whole.substr(0, 1000));
    CHECK(client.segments() == 1);
}
