// SPDX-License-Identifier: MIT
// The number of connections per host, and the calls that wait for them.
#include "http/client/slots.hpp"

#include "support/client_fixture.hpp"
#include "support/scripted_server.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <semaphore>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;
using test_support::peer;
using test_support::scripted_server;

namespace {

// A server that answers one request each time it is allowed to, and reports how many it has seen.
struct patient_server {
    std::mutex mutex;
    std::string order; // the paths in order of arrival
    std::atomic<int> seen{0};
    std::counting_semaphore<> allowed{0};
    scripted_server server{[this](peer& link) {
        while (true) {
            const auto asked = link.request();
            const auto path = asked.substr(4, asked.find(" HTTP") - 4);
            {
                const std::lock_guard lock(mutex);
                order += path;
            }
            ++seen;
            allowed.acquire();
            link.answer(path);
        }
    }};

    ~patient_server() { allowed.release(1000); }
};

struct narrow_fixture {
    patient_server upstream;
    manual_clock time;
    loop home{time};
    client outgoing{home, narrow()};
    std::vector<pending_call> calls{4};

    static client_options narrow() {
        client_options options;
        options.max_per_host = 2;
        return options;
    }
    ~narrow_fixture() {
        upstream.allowed.release(1000);
        turn_until(home, [&] { return outgoing.stats().waiting == 0 && done() == started; });
    }

    void start(std::size_t count) {
        for (; count > 0; --count) {
            auto& call = calls[static_cast<std::size_t>(started++)];
            home.spawn(call.follow(outgoing.get(upstream.server.url("/" + std::to_string(started)))));
        }
        home.poll();
    }
    int done() const {
        return static_cast<int>(std::count_if(calls.begin(), calls.end(), [](const auto& one) { return one.done(); }));
    }

    int started = 0;
};

} // namespace

TEST_CASE_FIXTURE(narrow_fixture, "calls beyond the limit wait and proceed in order of arrival") {
    start(4);
    turn_until(home, [&] { return upstream.seen == 2; });
    CHECK(outgoing.stats().waiting == 2);
    CHECK(upstream.server.connections() == 2);
    for (int answered = 1; answered <= 4; ++answered) {
        upstream.allowed.release();
        turn_until(home, [&] { return done() == answered; });
        turn_until(home, [&] { return upstream.seen == std::min(4, 2 + answered); });
    }
    CHECK(upstream.order.substr(4) == "/3/4"); // the first two race
    for (int i = 0; i < 4; ++i)
        CHECK(calls[static_cast<std::size_t>(i)].outcome->value().body == "/" + std::to_string(i + 1));
    CHECK(upstream.server.connections() == 2);
    CHECK(outgoing.stats().opened == 2);
    CHECK(outgoing.stats().waiting == 0);
}

TEST_CASE_FIXTURE(narrow_fixture,
                  "a call that waits for a connection hits its deadline, and the one behind it proceeds") {
    start(2);
    turn_until(home, [&] { return upstream.seen == 2; });
    client_request hasty("GET", upstream.server.url("/hasty"));
    hasty.deadline = 1s;
    pending_call late;
    home.spawn(late.follow(outgoing.send(hasty)));
    start(1);
    CHECK(outgoing.stats().waiting == 2);
    time.advance(1s);
    turn_until(home, [&] { return late.done(); });
    CHECK(late.outcome->error() == errc::deadline_exceeded);
    CHECK(outgoing.stats().waiting == 1);
    upstream.allowed.release(3);
    turn_until(home, [&] { return done() == 3; });
    CHECK(calls[2].outcome->value().body == "/3");
    CHECK(upstream.seen == 3);
}

TEST_CASE_FIXTURE(narrow_fixture, "a call that waits for a connection can be cancelled") {
    start(2);
    turn_until(home, [&] { return upstream.seen == 2; });
    boost::asio::cancellation_signal cancel;
    context ctx(home);
    pending_call given_up;
    home.spawn(given_up.follow(outgoing.get(upstream.server.url("/"))), ctx, cancel, [](std::exception_ptr) {});
    home.poll();
    CHECK(outgoing.stats().waiting == 1);
    cancel.emit(boost::asio::cancellation_type::terminal);
    turn_until(home, [&] { return given_up.done(); });
    CHECK(given_up.outcome->error() == errc::cancelled);
    CHECK(outgoing.stats().waiting == 0);
}

TEST_CASE("a connection that fails passes its place to the next call") {
    scripted_server server([](peer& link) {
        link.request();
        if (link.number < 2) link.reset();
        link.answer("third time lucky");
    });
    loop home;
    client_options one;
    one.max_per_host = 1;
    client outgoing(home, one);
    std::vector<pending_call> calls(3);
    for (auto& call : calls) home.spawn(call.follow(outgoing.get(server.url("/"))));
    turn_until(home, [&] { return calls[2].done(); });
    CHECK(calls[0].outcome->error() == errc::unavailable);
    CHECK(calls[1].outcome->error() == errc::unavailable);
    CHECK(calls[2].outcome->value().body == "third time lucky");
}

TEST_CASE("one host's calls don't wait for another's") {
    patient_server busy;
    scripted_server quick([](peer& link) {
        link.request();
        link.answer("quick");
    });
    loop home;
    client_options one;
    one.max_per_host = 1;
    client outgoing(home, one);
    pending_call first;
    pending_call second;
    home.spawn(first.follow(outgoing.get(busy.server.url("/"))));
    home.spawn(second.follow(outgoing.get(busy.server.url("/"))));
    CHECK(home.block_on(outgoing.get(quick.url("/")))->body == "quick");
    CHECK(outgoing.stats().waiting == 1);
    busy.allowed.release(2);
    turn_until(home, [&] { return second.done(); });
    CHECK(first.outcome->value().status == 200);
}

TEST_CASE("a released slot is free again, and no call overtakes a waiting one") {
    loop home;
    client_slots slots(1);
    client_interrupt stop;
    auto first = slots.try_take("a");
    REQUIRE(first);
    CHECK(!slots.try_take("a"));
    CHECK(slots.try_take("b"));
    bool granted = false;
    auto wait = [&]() -> task<void> {
        auto mine = co_await slots.take("a", stop);
        granted = static_cast<bool>(mine);
        CHECK(!slots.try_take("a"));
    };
    home.spawn(wait());
    home.poll();
    CHECK(slots.waiting() == 1);
    first = {};
    CHECK(!slots.try_take("a")); // it is reserved for the waiting call although that hasn't run yet
    home.poll();
    CHECK(granted);
    CHECK(slots.try_take("a"));
}

TEST_CASE("a call that is stopped while it receives a slot passes it to the next one") {
    loop home;
    client_slots slots(1);
    auto first = slots.try_take("a");
    client_interrupt stop;
    client_interrupt never;
    bool second_done = false;
    auto wait = [&]() -> task<void> {
        auto mine = co_await slots.take("a", stop);
        CHECK(mine);
    };
    auto behind = [&]() -> task<void> {
        auto mine = co_await slots.take("a", never);
        second_done = static_cast<bool>(mine);
    };
    home.spawn(wait());
    home.spawn(behind());
    home.poll();
    CHECK(slots.waiting() == 2);
    first = {};
    stop.raise(errc::cancelled);
    home.poll();
    CHECK(second_done);
    CHECK(slots.waiting() == 0);
}
