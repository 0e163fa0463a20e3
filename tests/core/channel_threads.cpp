// SPDX-License-Identifier: MIT
// labels: concurrency
#include <weir/core/channel.hpp>
#include <weir/core/loop.hpp>
#include <weir/core/task_group.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr int values_each = 2'000;

task<void> send_numbers(channel<int>& to, int first) {
    for (int i = 0; i < values_each; ++i) CHECK(co_await to.send(first + i));
}

task<result<void>> add_up(channel<int>& from, std::atomic<long>& sum, std::atomic<int>& count) {
    while (auto got = co_await from.receive()) {
        sum += *got;
        ++count;
    }
    co_return ok();
}

long sum_from(int first) { return long{values_each} * first + long{values_each} * (values_each - 1) / 2; }

} // namespace

TEST_CASE("values pass between loops on different threads, each once") {
    for (const std::size_t capacity : {0U, 1U, 16U}) {
        channel<int> values(capacity);
        std::atomic<long> sum = 0;
        std::atomic<int> count = 0;
        std::atomic<int> senders = 2;
        std::vector<std::thread> threads;
        for (const int first : {0, 100'000})
            threads.emplace_back([&, first] {
                loop home;
                home.block_on(send_numbers(values, first));
                if (--senders == 0) values.close();
            });
        for (int i = 0; i < 2; ++i)
            threads.emplace_back([&] {
                loop home;
                auto body = [&](task_group& group) -> task<result<void>> {
                    group.spawn(add_up(values, sum, count));
                    co_return co_await add_up(values, sum, count);
                };
                CHECK(home.block_on(with_group(body)));
            });
        for (auto& thread : threads) thread.join();
        CHECK(count == 2 * values_each);
        CHECK(sum == sum_from(0) + sum_from(100'000));
    }
}

TEST_CASE("a thread without a loop can send and receive when no wait is needed") {
    channel<int> there;
    channel<int> back(4);
    std::atomic<bool> stopped = false;
    std::thread plain([&] {
        for (int i = 0; i < values_each; ++i) {
            while (!there.try_send(int(i))) std::this_thread::yield();
            std::optional<int> got;
            while (!(got = back.try_receive())) std::this_thread::yield();
            CHECK(*got == i);
        }
        there.close();
        stopped = true;
    });
    auto echo = [&]() -> task<void> {
        while (auto got = co_await there.receive()) CHECK(co_await back.send(*got));
    };
    loop home;
    home.block_on(echo());
    plain.join();
    CHECK(stopped);
}

TEST_CASE("selects on two threads can name the same channels in any order") {
    channel<int> a;
    channel<int> b;
    const auto work = [](channel<int>& first, channel<int>& second, std::atomic<int>& received) -> task<void> {
        for (int i = 0; i < values_each; ++i) {
            auto got = co_await select(first.send(1), second.receive(), first.receive(), second.send(1));
            if (!got) co_return;
            const bool in = got->index() == 1 || got->index() == 2;
            const bool ended = got->index() == 1 ? !std::get<1>(*got) : got->index() == 2 ? !std::get<2>(*got) : false;
            if (ended) co_return;
            if (in) ++received;
        }
    };
    std::atomic<int> received = 0;
    std::thread other([&] {
        loop home;
        home.block_on(work(a, b, received));
    });
    loop home;
    home.block_on(work(b, a, received));
    other.join();
    CHECK(received == values_each);
}

TEST_CASE("a value that a cancelled receiver doesn't get goes to another one") {
    channel<int> values;
    std::atomic<int> got = 0;
    std::atomic<bool> over = false;
    std::thread receiving([&] {
        loop home;
        auto once = [&]() -> task<void> {
            co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
            co_await boost::asio::this_coro::throw_if_cancelled(false);
            const auto one = co_await values.receive();
            if (one) ++got;
        };
        while (!over) {
            context ctx(home);
            boost::asio::cancellation_signal cancel;
            bool ended = false;
            home.spawn(once(), ctx, cancel, [&](std::exception_ptr) { ended = true; });
            home.poll();
            cancel.emit(boost::asio::cancellation_type::total);
            while (!ended) home.poll();
            home.poll();
        }
        home.poll();
    });
    int sent = 0;
    while (sent < values_each) {
        if (values.try_send(1)) ++sent;
        std::this_thread::yield();
    }
    over = true;
    receiving.join();
    CHECK(got == sent);
}

TEST_CASE("a loop may end while other threads send to its tasks") {
    for (int round = 0; round < 200; ++round) {
        channel<int> values;
        std::atomic<bool> over = false;
        std::thread sending([&] {
            while (!over) (void)values.try_send(1);
        });
        {
            auto home = std::make_unique<loop>();
            auto work = [&]() -> task<void> {
                while (co_await values.receive()) {
                }
            };
            for (int i = 0; i < 3; ++i) home->spawn(work());
            home->poll();
        }
        over = true;
        sending.join();
        CHECK(values.stats().waiting_receivers == 0);
    }
}

TEST_CASE("a channel may be closed by one thread while others use it") {
    for (int round = 0; round < 100; ++round) {
        channel<int> values(2);
        std::atomic<long> sum = 0;
        std::atomic<int> count = 0;
        std::atomic<int> sent = 0;
        std::thread receiving([&] {
            loop home;
            CHECK(home.block_on(add_up(values, sum, count)));
        });
        std::thread sending([&] {
            loop home;
            auto work = [&]() -> task<void> {
                while (const auto done = co_await values.send(1)) ++sent;
            };
            home.block_on(work());
        });
        while (sent < 5) std::this_thread::yield();
        values.close();
        sending.join();
        receiving.join();
        CHECK(count == sent);
    }
}
