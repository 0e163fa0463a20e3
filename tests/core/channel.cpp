// SPDX-License-Identifier: MIT
#include "support/allocation_count.hpp"
#include "support/cancelled_early.hpp"
#include <weir/core/channel.hpp>
#include <weir/core/deadline.hpp>
#include <weir/core/lifecycle.hpp>
#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

std::string summary(const result<int>& got) { return got ? std::to_string(*got) : std::string(got.error().code()); }
std::string summary(const result<void>& got) { return got ? "ok" : std::string(got.error().code()); }

// A task that can be cancelled and has its own context.
struct cancellable_task {
    explicit cancellable_task(loop& home) : ctx(home) {}

    context ctx;
    boost::asio::cancellation_signal signal{};
    std::exception_ptr failure{};

    void cancel() {
        signal.emit(boost::asio::cancellation_type::total);
        ctx.loop().poll();
    }
};

// Tasks on one loop, and a log of their outcomes in order.
struct channel_fixture {
    manual_clock time;
    loop home{time};
    std::vector<std::string> log;
    std::list<cancellable_task> started;

    cancellable_task& start(task<void> work, time_point deadline = time_point::max()) {
        auto& one = started.emplace_back(home);
        one.ctx.set_deadline(deadline);
        home.spawn(quietly(std::move(work)), one.ctx, one.signal, [&one](std::exception_ptr e) { one.failure = e; });
        home.poll();
        return one;
    }

    static task<void> quietly(task<void> work) {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        co_await std::move(work);
    }

    task<void> receive(channel<int>& from, std::string name) {
        const auto got = co_await from.receive();
        log.push_back(name + summary(got));
    }
    task<void> send(channel<int>& to, int value) {
        const auto sent = co_await to.send(value);
        log.push_back(std::to_string(value) + summary(sent));
    }
    std::vector<std::string> take_log() {
        home.poll();
        return std::exchange(log, {});
    }
};

using channel_log = std::vector<std::string>;

} // namespace

TEST_CASE("a channel holds as many values as its capacity and yields them in order") {
    for (const std::size_t capacity : {1U, 2U, 5U}) {
        channel<int> values(capacity);
        CHECK(!values.try_receive());
        int next = 0;
        int expected = 0;
        for (int round = 0; round < 7; ++round) {
            while (values.try_send(int(next))) ++next;
            CHECK(values.stats().size == capacity);
            for (std::size_t i = 0; i < (capacity + 1) / 2; ++i) CHECK(values.try_receive() == expected++);
        }
        CHECK(next == expected + static_cast<int>(capacity / 2));
    }
}

TEST_CASE_FIXTURE(channel_fixture, "without capacity a value passes only if a sender and a receiver are both there") {
    channel<int> values;
    CHECK(!values.try_send(1));
    CHECK(!values.try_receive());

    start(receive(values, "a"));
    CHECK(values.stats().waiting_receivers == 1);
    CHECK(values.try_send(2));
    CHECK(!values.try_send(3));
    CHECK(take_log() == channel_log{"a2"});

    start(send(values, 4));
    CHECK(values.stats().waiting_senders == 1);
    CHECK(values.stats().size == 0);
    CHECK(values.try_receive() == 4);
    CHECK(!values.try_receive());
    CHECK(take_log() == channel_log{"4ok"});
}

TEST_CASE_FIXTURE(channel_fixture, "waiting senders are served in order, after the buffered values") {
    channel<int> values(1);
    CHECK(values.try_send(0));
    for (const int value : {1, 2, 3}) start(send(values, value));
    CHECK(take_log().empty());
    CHECK(values.stats().waiting_senders == 3);
    for (const int expected : {0, 1, 2}) CHECK(values.try_receive() == expected);
    CHECK(!values.try_send(4)); // 3 is buffered
    CHECK(take_log() == channel_log{"1ok", "2ok", "3ok"});
    CHECK(values.try_receive() == 3);
    CHECK(!values.try_receive());
}

TEST_CASE_FIXTURE(channel_fixture, "waiting receivers are served in order") {
    channel<int> values(8);
    for (const char* name : {"a", "b", "c"}) start(receive(values, name));
    for (const int value : {1, 2, 3, 4}) CHECK(values.try_send(int(value)));
    CHECK(values.stats().size == 1);
    CHECK(take_log() == channel_log{"a1", "b2", "c3"});
}

TEST_CASE_FIXTURE(channel_fixture, "an operation that needn't wait completes in the same turn without allocating") {
    channel<int> values(4);
    bool done = false;
    std::size_t allocated = 0;
    auto work = [&]() -> task<void> {
        home.post([this] { log.push_back("turn"); });
        const std::size_t before = test_support::allocated;
        for (int i = 0; i < 100; ++i) {
            CHECK(co_await values.send(i));
            const auto got = co_await values.receive();
            CHECK(*got == i);
        }
        allocated = test_support::allocated - before;
        CHECK(log.empty());
        done = true;
    };
    start(work());
    CHECK(done);
    CHECK(allocated == 0);
}

TEST_CASE_FIXTURE(channel_fixture, "a task that never has to wait yields to others and notices its deadline") {
    channel<int> values(1);
    int operations = 0;
    int seen = 0;
    std::optional<error> end;
    auto greedy = [&]() -> task<void> {
        home.post([&] {
            seen = operations;
            time.advance(1s);
        });
        while (!end) {
            const auto sent = co_await values.send(1);
            if (!sent) end = sent.error();
            operations += 1;
            (void)values.try_receive();
        }
    };
    start(greedy(), time.now() + 1s);
    CHECK(seen > 0);
    CHECK(seen <= 512);
    REQUIRE(end);
    CHECK(*end == errc::deadline_exceeded);
    CHECK(operations <= 1536);
}

TEST_CASE_FIXTURE(channel_fixture, "a closed channel accepts no values and first yields its remaining ones") {
    channel<int> values(2);
    CHECK(values.try_send(1));
    CHECK(values.try_send(2));
    start(send(values, 3));
    values.close();
    values.close();
    CHECK(values.stats().closed);
    CHECK(take_log() == channel_log{"3closed"});

    int kept = 4;
    CHECK(!values.try_send(std::move(kept)));
    CHECK(kept == 4);
    start(send(values, 5));
    for (const char* name : {"a", "b", "c"}) start(receive(values, name));
    CHECK(take_log() == channel_log{"5closed", "a1", "b2", "cclosed"});
    CHECK(!values.try_receive());
}

TEST_CASE_FIXTURE(channel_fixture, "closing wakes all waiting tasks in order") {
    channel<int> values;
    for (const char* name : {"a", "b", "c"}) start(receive(values, name));
    values.close();
    CHECK(take_log() == channel_log{"aclosed", "bclosed", "cclosed"});
    auto ask = [&]() -> task<result<int>> { return values.receive(); };
    const error refused = home.block_on(ask()).error();
    CHECK(refused == errc::unavailable);
    CHECK(refused.message() == "the channel is closed");
}

TEST_CASE_FIXTURE(channel_fixture, "destroying a channel ends its waiters like closing it") {
    auto values = std::make_unique<channel<int>>();
    auto full = std::make_unique<channel<int>>(1);
    CHECK(full->try_send(1));
    start(receive(*values, "a"));
    start(send(*full, 2));
    values.reset();
    full.reset();
    CHECK(take_log() == channel_log{"aclosed", "2closed"});
}

TEST_CASE_FIXTURE(channel_fixture, "a channel may be destroyed while a task that it has woken hasn't resumed yet") {
    auto values = std::make_unique<channel<int>>();
    auto& one = start(receive(*values, "a"));
    CHECK(values->try_send(1));
    values.reset();
    one.cancel();
    CHECK(take_log() == channel_log{"a1"});
}

TEST_CASE_FIXTURE(channel_fixture, "a waiter ends at its context's deadline and loses no value") {
    channel<int> values;
    start(receive(values, "a"), time.now() + 1s);
    start(send(values, 1), time.now() + 2s); // received by a
    CHECK(take_log() == channel_log{"1ok", "a1"});

    start(receive(values, "b"), time.now() + 1s);
    time.advance(999ms);
    CHECK(take_log().empty());
    time.advance(1ms);
    CHECK(take_log() == channel_log{"bdeadline_exceeded"});
    CHECK(!values.try_send(2));
    CHECK(values.stats().waiting_receivers == 0);

    channel<int> full(1);
    CHECK(full.try_send(3));
    start(send(full, 4), time.now() + 1s);
    time.advance(1s);
    CHECK(take_log() == channel_log{"4deadline_exceeded"});
    CHECK(full.try_receive() == 3);
    CHECK(!full.try_receive());
}

TEST_CASE_FIXTURE(channel_fixture, "a task that is cancelled or past its deadline neither receives nor sends") {
    channel<int> values(2);
    CHECK(values.try_send(1));
    start(receive(values, "a"), time.now());
    start(send(values, 2), time.now());
    auto cancelled = [&]() -> task<void> {
        const auto slept = co_await sleep_for(1h);
        CHECK(slept.error() == errc::cancelled);
        co_await receive(values, "b");
        co_await send(values, 3);
    };
    start(cancelled()).cancel();
    CHECK(take_log() == channel_log{"adeadline_exceeded", "2deadline_exceeded", "bcancelled", "3cancelled"});
    CHECK(values.stats().size == 1);
}

TEST_CASE_FIXTURE(channel_fixture, "a cancelled receiver leaves its place to the next one") {
    channel<int> values;
    start(receive(values, "a"));
    auto& second = start(receive(values, "b"));
    start(receive(values, "c"));
    second.cancel();
    CHECK(values.stats().waiting_receivers == 2);
    CHECK(values.try_send(1));
    CHECK(values.try_send(2));
    CHECK(take_log() == channel_log{"bcancelled", "a1", "c2"});
}

TEST_CASE_FIXTURE(channel_fixture, "a cancelled sender has sent nothing") {
    channel<int> values(1);
    CHECK(values.try_send(0));
    auto& first = start(send(values, 1));
    start(send(values, 2));
    first.cancel();
    CHECK(values.stats().waiting_senders == 1);
    CHECK(values.try_receive() == 0);
    CHECK(values.try_receive() == 2);
    CHECK(!values.try_receive());
    CHECK(take_log() == channel_log{"1cancelled", "2ok"});
}

TEST_CASE_FIXTURE(channel_fixture,
                  "a value and a cancellation in the same turn: the first one wins, and nothing is lost") {
    channel<int> values(1);
    auto& one = start(receive(values, "a"));
    CHECK(values.try_send(1));
    one.cancel();
    CHECK(take_log() == channel_log{"a1"});

    auto& other = start(receive(values, "b"));
    other.cancel();
    CHECK(values.try_send(2));
    CHECK(take_log() == channel_log{"bcancelled"});
    CHECK(values.try_receive() == 2);

    start(receive(values, "c"), time.now() + 1s);
    time.advance(1s);
    CHECK(values.try_send(3)); // before the loop notices the time
    CHECK(take_log() == channel_log{"c3"});
}

TEST_CASE_FIXTURE(channel_fixture, "an operation cancelled before it begins ends once") {
    channel<int> values;
    auto call = [&]() -> task<result<int>> { return values.receive(); };
    CHECK(test_support::ends_when_cancelled_early(home, call) == std::vector{errc::cancelled});
    CHECK(!values.try_send(1));
}

TEST_CASE("a loop that ends destroys its waiting tasks, and the channel works on") {
    channel<int> values;
    channel<int> full(1);
    CHECK(full.try_send(0));
    int gone = 0;
    {
        loop home;
        auto work = [&](bool receives) -> task<void> {
            const std::shared_ptr<int> note(&gone, [](int* count) { ++*count; });
            if (receives)
                (void)co_await values.receive();
            else
                (void)co_await full.send(1);
        };
        home.root_context().set_deadline(home.now() + 1h);
        for (const bool receives : {true, false}) home.spawn(work(receives));
        home.poll();
        CHECK(values.stats().waiting_receivers == 1);
        CHECK(full.stats().waiting_senders == 1);
    }
    CHECK(gone == 2);
    CHECK(values.stats().waiting_receivers == 0);
    CHECK(!values.try_send(1));
    CHECK(full.try_receive() == 0);
    CHECK(!full.try_receive());
}

TEST_CASE("a loop that ends destroys tasks that were woken and haven't resumed") {
    channel<int> values;
    int gone = 0;
    {
        loop home;
        auto work = [&]() -> task<void> {
            const std::shared_ptr<int> note(&gone, [](int* count) { ++*count; });
            (void)co_await values.receive();
        };
        home.spawn(work());
        home.poll();
        CHECK(values.try_send(1));
    }
    CHECK(gone == 1);
}

TEST_CASE("a channel owned by its waiting task is destroyed with the loop") {
    loop home;
    auto work = []() -> task<void> {
        channel<int> mine;
        (void)co_await mine.receive();
    };
    home.spawn(work());
    home.poll();
}

TEST_CASE_FIXTURE(channel_fixture, "if there is no memory to wait, the task gets std::bad_alloc and waits nowhere") {
    channel<int> values;
    int thrown = 0;
    for (std::size_t many = 0; many < 3; ++many) {
        auto work = [&]() -> task<void> {
            try {
                test_support::allocations_left = many;
                const auto got = co_await values.receive();
                log.push_back(summary(got));
            } catch (const std::bad_alloc&) {
                ++thrown;
            }
            test_support::allocations_left = std::numeric_limits<std::size_t>::max();
        };
        start(work(), time.now() + 1s);
        test_support::allocations_left = std::numeric_limits<std::size_t>::max();
        CHECK(values.stats().waiting_receivers + static_cast<std::size_t>(thrown) == many + 1);
        if (values.stats().waiting_receivers > 0) {
            CHECK(values.try_send(1));
            CHECK(take_log() == channel_log{"1"});
            break;
        }
    }
    CHECK(values.stats().waiting_receivers == 0);
    time.advance(2s);
    CHECK(take_log().empty());
}

namespace {

// Move-only, not default-constructible, and counts its instances.
struct counted_value {
    static inline int alive = 0;

    explicit counted_value(int n) : number(n) { ++alive; }
    counted_value(counted_value&& other) noexcept : number(std::exchange(other.number, -1)) { ++alive; }
    counted_value& operator=(counted_value&&) = delete;
    ~counted_value() { --alive; }

    int number;
};

} // namespace

TEST_CASE("values are moved, and destroyed once") {
    {
        loop home;
        channel<counted_value> values(3);
        auto work = [&]() -> task<void> {
            for (int i = 0; i < 5; ++i) {
                counted_value one(i);
                CHECK(co_await values.send(std::move(one)));
                CHECK(one.number == -1);
                const auto got = co_await values.receive();
                CHECK(got->number == i);
            }
            counted_value left(7);
            CHECK(values.try_send(std::move(left)));
            CHECK(values.try_send(counted_value(8)));
        };
        home.block_on(work());
        CHECK(counted_value::alive == 2);
    }
    CHECK(counted_value::alive == 0);

    channel<counted_value> none;
    counted_value kept(9);
    CHECK(!none.try_send(std::move(kept)));
    CHECK(kept.number == 9);
}

TEST_CASE("a copy that throws sends nothing") {
    struct refusing {
        refusing() = default;
        refusing(const refusing&) { throw std::runtime_error("no copy"); }
        refusing(refusing&&) noexcept {}
    };
    loop home;
    channel<refusing> values(1);
    const refusing one;
    CHECK_THROWS_WITH((void)values.try_send(one), "no copy");
    auto work = [&]() -> task<void> { (void)co_await values.send(one); };
    CHECK_THROWS_WITH(home.block_on(work()), "no copy");
    CHECK(values.stats().size == 0);
}

TEST_CASE_FIXTURE(channel_fixture, "a loop can receive until the channel is closed and empty") {
    channel<int> jobs(2);
    auto work = [&]() -> task<void> {
        while (auto job = co_await jobs.receive()) log.push_back(std::to_string(*job));
        log.push_back("end");
    };
    start(work());
    for (const int value : {1, 2, 3}) start(send(jobs, value));
    jobs.close();
    home.poll();
    std::erase_if(log, [](const std::string& one) { return one.ends_with("ok"); });
    CHECK(take_log() == channel_log{"1", "2", "3", "end"});
}

TEST_CASE_FIXTURE(channel_fixture, "an operation converts to a task where one is needed") {
    channel<int> values(1);
    CHECK(home.block_on(with_deadline(time.now() + 1s, values.send(1))));
    CHECK(home.block_on(with_timeout(0s, values.send(2))).error() == errc::deadline_exceeded);
    auto ask = [&]() -> task<result<int>> { return values.receive(); };
    CHECK(home.block_on(ask()).value() == 1);
}

TEST_CASE_FIXTURE(channel_fixture, "an operation may be created first and awaited later") {
    channel<std::string> values(1);
    auto work = [&]() -> task<void> {
        auto sending = values.send("a string that needs memory of its own, as it is long");
        auto receiving = values.receive();
        CHECK(values.stats().size == 0);
        CHECK(co_await std::move(sending));
        const auto got = co_await std::move(receiving);
        CHECK(got->ends_with("as it is long"));
    };
    start(work());
}

TEST_CASE("a capacity that overflows memory is refused by name") {
    const auto make = [](std::size_t capacity) { const channel<int> values(capacity); };
    CHECK_THROWS_WITH_AS(
        make(std::numeric_limits<std::size_t>::max()),
        doctest::Contains("channel capacity 18446744073709551615: accepted 0.."), std::invalid_argument);
}
