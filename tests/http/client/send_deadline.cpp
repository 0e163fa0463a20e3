// SPDX-License-Identifier: MIT
#include "support/client_fixture.hpp"
#include "support/scripted_server.hpp"
#include <weir/core/deadline.hpp>
#include <weir/http/middleware/deadline_from_header.hpp>
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>

#include <mutex>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;
using test_support::peer;
using test_support::scripted_server;

namespace {

// The remaining time that the server received; "-" for none.
class told_times {
public:
    void note(const std::string& request) {
        const std::string field = "\r\nRequest-Timeout-Ms: ";
        const auto at = request.find(field);
        const auto end = request.find("\r\n", at + field.size());
        const std::lock_guard lock(mutex_);
        all_.push_back(at == std::string::npos ? "-" : request.substr(at + field.size(), end - at - field.size()));
    }
    std::vector<std::string> all() const {
        const std::lock_guard lock(mutex_);
        return all_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> all_;
};

struct send_deadline_fixture {
    told_times told;
    scripted_server server{[this](peer& link) {
        for (;;) {
            told.note(link.request());
            link.answer("fine");
        }
    }};
    manual_clock time;
    loop home{time};

    static client_options options() {
        client_options made;
        made.send_deadline = true;
        made.deadline = 5s;
        return made;
    }
    result<client_response> finish(task<result<client_response>> call) {
        pending_call pending;
        home.spawn(pending.follow(std::move(call)));
        turn_until(home, [&] { return pending.done(); });
        return std::move(*pending.outcome);
    }
};

} // namespace

TEST_CASE_FIXTURE(send_deadline_fixture, "a client sends the remaining time of its deadline if the option is set") {
    client silent(home);
    client telling(home, options());
    CHECK(finish(silent.get(server.url("/"))));
    CHECK(finish(telling.get(server.url("/"))));
    client_request short_of_time(method::get, server.url("/"));
    short_of_time.deadline = 250ms;
    CHECK(finish(telling.send(std::move(short_of_time))));
    CHECK(told.all() == std::vector<std::string>{"-", "5000", "250"});
}

TEST_CASE_FIXTURE(send_deadline_fixture, "the context's deadline counts, minus the time that has passed") {
    client telling(home, options());
    auto call = [&]() -> task<result<client_response>> {
        (void)co_await sleep_for(300ms);
        co_return co_await telling.get(server.url("/"));
    };
    pending_call pending;
    home.spawn(pending.follow(with_timeout(1s, call())));
    home.poll();
    time.advance(300ms);
    turn_until(home, [&] { return pending.done(); });
    CHECK(*pending.outcome);
    CHECK(told.all() == std::vector<std::string>{"700"});
}

TEST_CASE_FIXTURE(send_deadline_fixture, "a request with the field keeps it, and one without a deadline sends none") {
    auto endless = options();
    endless.deadline = duration::max();
    client telling(home, endless);
    client_request own(method::get, server.url("/"));
    own.headers.add("request-timeout-ms", "77");
    own.deadline = 5s;
    CHECK(finish(telling.send(std::move(own))));
    CHECK(finish(telling.get(server.url("/"))));
    REQUIRE(told.all().size() == 2);
    CHECK(told.all()[0] == "-"); // the field in the request's own spelling
    CHECK(told.all()[1] == "-");
}

TEST_CASE("the remaining time is computed again for each hop and each connection") {
    told_times told;
    scripted_server server([&told](peer& link) {
        for (int i = 0;; ++i) {
            const auto request = link.request();
            told.note(request);
            if (request.starts_with("GET /from"))
                link.send("HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n");
            else if (link.number == 0 && i == 2)
                return; // the kept-alive connection proves dead
            else
                link.answer("fine");
        }
    });
    manual_clock time;
    loop home(time);
    auto given = send_deadline_fixture::options();
    given.max_redirects = 1;
    client telling(home, given);
    for (const char* target : {"/from", "/third"}) {
        pending_call pending;
        home.spawn(pending.follow(telling.get(server.url(target))));
        turn_until(home, [&] { return pending.done(); });
        REQUIRE(*pending.outcome);
        CHECK((*pending.outcome)->body == "fine");
    }
    CHECK(told.all() == std::vector<std::string>{"5000", "5000", "5000", "5000"});
}

TEST_CASE("a deadline travels from a client through a server to the handler's own calls") {
    router routes;
    routes.use(deadline_from_header());
    routes.get("/left", []() -> task<std::string> {
        const executor here = co_await this_task;
        const duration left = here.context().deadline() - here.context().loop().clock().now();
        co_return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
    });
    routes.get("/slow", []() -> task<result<std::string>> {
        auto slept = co_await sleep_for(1h);
        if (!slept) co_return slept.error();
        co_return "slept";
    });
    server running(routes, {.address = "127.0.0.1", .port = 0, .loops = 1});
    REQUIRE(running.start());
    const std::string base = "http://127.0.0.1:" + std::to_string(running.port());
    loop home;
    {
        auto given = send_deadline_fixture::options();
        given.deadline = 20s;
        client telling(home, given);
        const auto left = home.block_on(telling.get(base + "/left"));
        REQUIRE(left);
        CHECK(std::stoi(left->body) <= 20'000);
        CHECK(std::stoi(left->body) > 0);
        const auto late = home.block_on(telling.get(base + "/slow"));
        REQUIRE(late);
        CHECK(late->status == 504); // immediately
    }
    CHECK(home.block_on(running.stop(home.clock().now() + 5s)));
}
