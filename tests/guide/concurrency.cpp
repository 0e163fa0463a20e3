// SPDX-License-Identifier: MIT
#include <weir/core/background.hpp>
#include <weir/core/channel.hpp>
#include <weir/core/loop.hpp>
#include <weir/core/task_group.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <tuple>

using namespace std::chrono_literals;

weir::task<weir::result<void>> feed(weir::channel<int>& jobs, int count) {
    for (int job = 1; job <= count; ++job)
        if (auto sent = co_await jobs.send(job); !sent) co_return sent.error();
    jobs.close(); // the workers end once they have received all jobs
    co_return weir::ok();
}

weir::task<weir::result<void>> work(weir::channel<int>& jobs, weir::channel<int>& results) {
    while (auto job = co_await jobs.receive()) {
        if (auto slept = co_await weir::sleep_for(100ms); !slept) co_return slept.error(); // the work
        if (auto sent = co_await results.send(*job * 2); !sent) co_return sent.error();
    }
    co_return weir::ok();
}

weir::task<weir::result<int>> sum_of_doubles(int count) {
    weir::channel<int> jobs(100);
    weir::channel<int> results(100);
    int sum = 0;
    auto collect = [&](weir::task_group& group) -> weir::task<weir::result<void>> {
        for (int worker = 0; worker < 3; ++worker) group.spawn(work(jobs, results));
        group.spawn(feed(jobs, count));
        for (int received = 0; received < count; ++received) {
            auto one = co_await results.receive();
            if (!one) co_return one.error();
            sum += *one;
        }
        co_return weir::ok();
    };
    auto ended = co_await weir::with_group(collect);
    if (!ended) co_return ended.error();
    co_return sum;
}

weir::task<weir::result<std::string>> next_line(weir::channel<std::string>& lines, weir::channel<int>& quit) {
    auto first = co_await weir::select(lines.receive(), quit.receive());
    if (!first) co_return first.error(); // cancelled, or past the deadline
    if (first->index() == 1) co_return "quit";
    co_return std::get<0>(*first); // a result, because the channel may be closed
}

struct price_list {
    int loaded = 0;

    weir::task<void> refresh() {
        for (;;) {
            ++loaded;
            auto slept = co_await weir::sleep_for(1min);
            if (!slept) co_return; // stopped
        }
    }
};

weir::task<weir::result<void>> serve(weir::loop& loop, price_list& prices) {
    weir::background refreshing = loop.start(prices.refresh());
    if (auto served = co_await weir::sleep_for(1h); !served) co_return served.error(); // the work that needs the prices
    co_return co_await refreshing.stop();
}

TEST_CASE("three workers need 100 ms per three jobs") {
    for (const int count : {0, 1, 3, 4, 9, 250}) {
        weir::manual_clock time;
        weir::loop loop(time);
        const auto began = time.now();
        std::optional<weir::result<int>> sum;
        auto run = [&]() -> weir::task<void> { sum = co_await sum_of_doubles(count); };
        loop.spawn(run());
        loop.poll();
        while (!sum) {
            time.advance(100ms);
            loop.poll();
        }
        CHECK(sum->value() == count * (count + 1));
        CHECK(time.now() - began == (count + 2) / 3 * 100ms);
    }
}

TEST_CASE("the guide's receiver gets a line or the order to quit") {
    weir::loop loop;
    weir::channel<std::string> lines(1);
    weir::channel<int> quit(1);
    CHECK(lines.try_send("hello"));
    CHECK(loop.block_on(next_line(lines, quit)).value() == "hello");
    CHECK(quit.try_send(1));
    CHECK(loop.block_on(next_line(lines, quit)).value() == "quit");
    lines.close();
    CHECK(loop.block_on(next_line(lines, quit)).error().code() == "closed");
}

TEST_CASE("the guide's prices are refreshed until stopped") {
    weir::manual_clock time;
    weir::loop loop(time);
    price_list prices;
    bool ended = false;
    auto run = [&]() -> weir::task<void> { ended = (co_await serve(loop, prices)).has_value(); };
    loop.spawn(run());
    loop.poll();
    for (int minute = 0; minute < 60; ++minute) {
        time.advance(1min);
        loop.poll();
    }
    loop.poll();
    CHECK(ended);
    CHECK(prices.loaded >= 60);
    CHECK(loop.background() == 0);
}
