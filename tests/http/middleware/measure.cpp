// SPDX-License-Identifier: MIT
#include <weir/http/middleware/measure.hpp>
#include <weir/http/router.hpp>
#include <weir/observe/metrics.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace weir;

namespace {

http::response answer_with(path<"status", int> status) { return http::response(*status); }

// A router with one route, `/answers/{status}` under another prefix, measured by the given layer.
http::router measured_by(const http::middleware& layer, const std::string& name = "/answers") {
    http::router app;
    app.use(layer).route(name, [](http::router& below) { below.get("/{status}", answer_with); });
    return app;
}

std::uint64_t counted(const metrics& all, const std::string& labels) {
    const std::string text = all.text();
    const std::string line = "http_requests_total{" + labels + "} ";
    const std::size_t at = text.find(line);
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + line.size()));
}

} // namespace

TEST_CASE("requests are counted by method, route and status, and timed by route") {
    metrics all;
    const http::router app = measured_by(measure(all));
    test_client client(app);
    for (int i = 0; i < 3; ++i) CHECK(client.get("/answers/204").status == 204);
    CHECK(client.get("/answers/404").status == 404);
    CHECK(counted(all, R"(method="GET",route="/answers/{status}",status="204")") == 3);
    CHECK(counted(all, R"(method="GET",route="/answers/{status}",status="404")") == 1);
    CHECK(all.text().find(R"(http_request_duration_seconds_count{route="/answers/{status}"} 4)") != std::string::npos);
}

TEST_CASE("more kinds of requests than the cache holds are all counted") {
    metrics all;
    const http::router app = measured_by(measure(all));
    test_client client(app);
    for (int round = 0; round < 2; ++round)
        for (int status = 200; status < 600; ++status)
            CHECK(client.get("/answers/" + std::to_string(status)).status == status);
    for (int status = 200; status < 600; ++status)
        CHECK(counted(all, R"(method="GET",route="/answers/{status}",status=")" + std::to_string(status) + "\"") == 2);
}

TEST_CASE("a layer that outlives a router doesn't mistake another router's routes for its own") {
    metrics all;
    const http::middleware layer = measure(all);
    const auto ask_one = [&](const std::string& name) {
        const http::router app = measured_by(layer, name);
        test_client client(app);
        CHECK(client.get(name + "/200").status == 200);
    };
    for (int i = 0; i < 20; ++i) { // the second pattern may reuse the first one's address
        ask_one("/first_one");
        ask_one("/other_one");
    }
    CHECK(counted(all, R"(method="GET",route="/first_one/{status}",status="200")") == 20);
    CHECK(counted(all, R"(method="GET",route="/other_one/{status}",status="200")") == 20);
}

TEST_CASE("threads beyond those with a cache are counted too") {
    constexpr int threads = 40;
    metrics all;
    const http::router app = measured_by(measure(all));
    std::vector<std::jthread> running;
    std::vector<std::optional<int>> answers(threads);
    std::atomic<int> ready{0};
    for (int i = 0; i < threads; ++i)
        running.emplace_back([&, i] {
            test_client client(app);
            ready.fetch_add(1);
            ready.notify_all();
            for (int seen = ready.load(); seen != threads; seen = ready.load()) ready.wait(seen);
            for (int round = 0; round < 10; ++round)
                answers[static_cast<std::size_t>(i)] = client.get("/answers/200").status;
        });
    running.clear();
    for (const auto& one : answers) CHECK(one == 200);
    CHECK(counted(all, R"(method="GET",route="/answers/{status}",status="200")") == threads * 10);
}
