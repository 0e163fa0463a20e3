// SPDX-License-Identifier: MIT
#include <weir/core/channel.hpp>
#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// A task that selects, and its outcomes.
struct select_fixture {
    manual_clock time;
    loop home{time};
    channel<int> numbers{1};
    channel<std::string> names{1};
    context ctx{home};
    boost::asio::cancellation_signal signal;
    std::vector<std::string> log;

    task<void> select_once() {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        auto first = co_await select(numbers.receive(), names.receive());
        log.push_back(summary(first));
    }

    static std::string summary(result<std::variant<result<int>, result<std::string>>>& first) {
        if (!first) return std::string(first.error().code());
        if (first->index() == 0) {
            auto& number = std::get<0>(*first);
            return number ? std::to_string(*number) : "numbers " + std::string(number.error().code());
        }
        auto& name = std::get<1>(*first);
        return name ? *name : "names " + std::string(name.error().code());
    }

    void start() {
        home.spawn(select_once(), ctx, signal, [](std::exception_ptr) {});
        home.poll();
    }
    std::vector<std::string> take_log() {
        home.poll();
        return std::exchange(log, {});
    }
    std::size_t waiting() const { return numbers.stats().waiting_receivers + names.stats().waiting_receivers; }
};

using select_log = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(select_fixture, "select takes an available value and leaves the other channels alone") {
    CHECK(names.try_send("ann"));
    start();
    CHECK(take_log() == select_log{"ann"});
    CHECK(numbers.try_send(1));
    start();
    CHECK(take_log() == select_log{"1"});

    CHECK(numbers.try_send(2));
    CHECK(names.try_send("bob"));
    start();
    const auto got = take_log();
    REQUIRE(got.size() == 1);
    CHECK(numbers.stats().size + names.stats().size == 1);
    CHECK((got[0] == "2" ? names.stats().size : numbers.stats().size) == 1);
}

TEST_CASE_FIXTURE(select_fixture, "select waits for the first value and then leaves the other channels") {
    start();
    CHECK(waiting() == 2);
    CHECK(names.try_send("ann"));
    CHECK(waiting() == 0);
    CHECK(numbers.try_send(1)); // it stays in the channel
    CHECK(take_log() == select_log{"ann"});
    CHECK(numbers.try_receive() == 1);
}

TEST_CASE_FIXTURE(select_fixture, "select doesn't wait for a closed channel") {
    numbers.close();
    start();
    CHECK(take_log() == select_log{"numbers closed"});
}

TEST_CASE_FIXTURE(select_fixture, "closing or destroying a channel ends a select that waits for it") {
    start();
    names.close();
    CHECK(take_log() == select_log{"names closed"});
    CHECK(waiting() == 0);

    auto first = std::make_unique<channel<int>>();
    auto second = std::make_unique<channel<int>>();
    std::size_t index = 9;
    auto work = [&]() -> task<void> {
        auto got = co_await select(first->receive(), second->receive());
        index = got->index();
    };
    home.spawn(work());
    home.poll();
    first.reset();
    second.reset();
    home.poll();
    CHECK(index == 0);
}

TEST_CASE_FIXTURE(select_fixture, "select ends at the context's deadline and on cancellation, and loses nothing") {
    ctx.set_deadline(time.now() + 1s);
    start();
    time.advance(1s);
    CHECK(take_log() == select_log{"deadline_exceeded"});
    start();
    CHECK(take_log() == select_log{"deadline_exceeded"});

    ctx.set_deadline(time_point::max());
    start();
    signal.emit(boost::asio::cancellation_type::total);
    home.poll();
    CHECK(names.try_send("ann"));
    CHECK(numbers.try_send(1));
    CHECK(take_log() == select_log{"cancelled"});
    CHECK(names.stats().size == 1);
    CHECK(numbers.stats().size == 1);
}

TEST_CASE_FIXTURE(select_fixture,
                  "several ready channels are chosen with equal probability, whatever else the loop does") {
    int counts[3] = {};
    channel<int> a(1), b(1), c(1);
    auto work = [&]() -> task<void> {
        for (int i = 0; i < 3000; ++i) {
            for (channel<int>* const one : {&a, &b, &c}) (void)one->try_send(int(i));
            auto first = co_await select(a.receive(), b.receive(), c.receive());
            ++counts[first->index()];
            for (int other = 0; other < i % 3; ++other) (void)co_await names.send("");
        }
    };
    names.close();
    home.block_on(work());
    for (const int count : counts) {
        CHECK(count > 800);
        CHECK(count < 1200);
    }
}

TEST_CASE_FIXTURE(select_fixture, "select can send, and keeps the value if it chose another operation") {
    channel<int> out;
    std::vector<std::size_t> chosen;
    auto work = [&]() -> task<void> {
        for (int i = 0; i < 2; ++i) {
            auto first = co_await select(out.send(7), names.receive());
            chosen.push_back(first->index());
        }
    };
    home.spawn(work());
    home.poll();
    CHECK(out.stats().waiting_senders == 1);
    CHECK(names.try_send("ann"));
    home.poll();
    CHECK(chosen == std::vector<std::size_t>{1});
    CHECK(out.try_receive() == 7);
    home.poll();
    CHECK(chosen == std::vector<std::size_t>{1, 0});
    CHECK(!out.try_receive());
}

TEST_CASE_FIXTURE(select_fixture, "select doesn't match its own operations, but two selects match each other's") {
    channel<int> meeting;
    int sent = 0;
    int received = 0;
    auto work = [&](int value) -> task<void> {
        auto first = co_await select(meeting.send(value), meeting.receive(), meeting.receive());
        if (first->index() == 0)
            ++sent;
        else
            received += 10;
    };
    home.spawn(work(1));
    home.poll();
    CHECK(sent + received == 0);
    CHECK(meeting.stats().waiting_senders == 1);
    CHECK(meeting.stats().waiting_receivers == 2);
    home.spawn(work(2));
    home.poll();
    CHECK(sent == 1);
    CHECK(received >= 10);
    CHECK(meeting.stats().waiting_senders + meeting.stats().waiting_receivers == 0);
}
