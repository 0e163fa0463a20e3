// SPDX-License-Identifier: MIT
// labels: concurrency
#include "orm/pool/connection_pool.hpp"

#include "orm/support.hpp"
#include "support/cancelled_early.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

namespace {

// A fake database behind the pool. Everything that the pool's threads touch is atomic.
struct scripted_node {
    std::atomic<bool> up = true;
    std::atomic<bool> alive = true;
    std::atomic<bool> closes_broken = true; // whether broken connections are gone
    std::atomic<bool> silent = false;
    std::shared_future<void> answer_comes{}; // the answer waits for this, if valid
    std::atomic<int> attempts = 0;
    std::vector<std::promise<bool>> silent_openings{}; // the first openings block until given an outcome
    duration opening_takes{};
    std::atomic<int> opened = 0;
    std::atomic<int> closed = 0;
    std::atomic<int> asked = 0;
    std::atomic<int> enforced = 0;
};

class scripted_connection final : public orm::connection {
public:
    explicit scripted_connection(scripted_node& node) : node_(node) { ++node_.opened; }
    ~scripted_connection() override { ++node_.closed; }

    result<std::size_t> execute(std::string_view, std::span<const orm::argument>) override { return 0U; }
    result<std::size_t> select(std::string_view, std::span<const orm::argument>, std::span<const orm::target>,
                               orm::row_sink&, std::size_t) override {
        return 0U;
    }
    result<void> begin() override { return ok(); }
    result<void> commit() override { return ok(); }
    void rollback() noexcept override {}
    bool in_transaction() const noexcept override { return false; }
    const orm::dialect& dialect() const noexcept override { std::terminate(); }

    void begin_job(const orm::job_limits& limits) override { stop_ = limits.stop; }
    void end_job() noexcept override {}
    bool broken() const noexcept override { return broken_; }
    bool gone() const noexcept override { return node_.closes_broken; }
    bool looks_alive() noexcept override { return node_.alive; }
    bool answers(duration) override {
        ++node_.asked;
        if (node_.answer_comes.valid()) node_.answer_comes.wait();
        return node_.alive && !node_.silent;
    }
    void enforce() noexcept override { ++node_.enforced; }

    void break_down() { broken_ = true; }
    bool stopped() const { return stop_.stop_requested(); }

private:
    scripted_node& node_;
    bool broken_ = false; // of the thread that uses the connection, like the members below
    std::stop_token stop_;
};

struct job final : orm::connection_work {
    std::function<void(orm::connection&)> f;
    void run(orm::connection& on) override { f(on); }
};

struct pool_fixture {
    manual_clock time;
    loop home;
    scripted_node node;
    orm::pool_options options;
    std::optional<orm::connection_pool> pool;

    void start() {
        auto open = [this](std::stop_token) -> result<std::unique_ptr<orm::connection>> {
            const auto attempt = static_cast<std::size_t>(node.attempts++);
            time.advance(node.opening_takes);
            bool good = node.up;
            if (attempt < node.silent_openings.size()) good = node.silent_openings[attempt].get_future().get();
            if (!good) return error(errc::unavailable, "the node is away");
            return std::unique_ptr<orm::connection>(std::make_unique<scripted_connection>(node));
        };
        pool.emplace(orm::connection_pool::identity{"test", "the test's node", &time}, options, open);
    }

    void start(std::size_t connections) {
        options.maximum_pool_size = connections;
        start();
    }

    orm::pool_stats now() const { return pool->stats(); }

    // The clock stands still: waits end by events, within a minute on the slowest machine.
    template<class F>
    void wait_until(F condition) {
        const auto late = std::chrono::steady_clock::now() + 60s;
        while (!condition()) {
            REQUIRE_MESSAGE(std::chrono::steady_clock::now() < late, "what the test waits for doesn't come");
            std::this_thread::yield();
        }
    }

    // Starts a call on the loop, which suspends; once it has run its future exists.
    struct call {
        pool_fixture& test;
        job work;
        boost::source_location where;
        orm::job_limits limits;
        std::optional<pending<void>> task;

        call(pool_fixture& owner, std::function<void(orm::connection&)> f, loop* on = nullptr,
             boost::source_location place = {}, orm::job_limits ends = {})
            : test(owner), where(place), limits(std::move(ends)) {
            work.f = std::move(f);
            task.emplace(on ? *on : owner.home, run());
        }
        weir::task<result<void>> run() { co_return co_await test.pool->run(work, limits, where); }
        result<void>& outcome() { return task->wait_on(task->on); }
    };

    // A call that keeps its connection until released.
    struct holder {
        std::promise<void> running;
        std::promise<void> release;
        call held;

        explicit holder(pool_fixture& owner, boost::source_location place = {})
            : held(
                  owner,
                  [this](orm::connection&) {
                      running.set_value();
                      release.get_future().wait();
                  },
                  nullptr, place) {
            const auto lent = running.get_future().wait_for(60s);
            REQUIRE_MESSAGE(lent == std::future_status::ready, "no connection was lent");
        }
        ~holder() {
            release.set_value();
            CHECK(held.outcome());
        }
    };

    // Leaves this many connections open and idle.
    void fill(std::size_t connections) {
        {
            std::vector<std::unique_ptr<holder>> all;
            for (std::size_t i = 0; i < connections; ++i) all.push_back(std::make_unique<holder>(*this));
        }
        CHECK(now().idle == connections);
    }

    result<void> run_once() {
        return call(*this, [](orm::connection&) {}).outcome();
    }
};

} // namespace

TEST_CASE_FIXTURE(pool_fixture, "500 callers on two loops are served in the order of their calls") {
    start(5);
    std::vector<std::unique_ptr<holder>> blockers;
    for (int i = 0; i < 5; ++i) blockers.push_back(std::make_unique<holder>(*this));

    loop other;
    std::mutex mutex;
    std::vector<int> served;
    std::vector<std::unique_ptr<call>> callers;
    for (int i = 0; i < 500; ++i) {
        auto note = [&, i](orm::connection&) {
            const std::lock_guard lock(mutex);
            served.push_back(i);
        };
        callers.push_back(std::make_unique<call>(*this, note, i % 2 == 0 ? &home : &other));
    }
    CHECK(now().pending == 500);
    CHECK(now().active == 5);

    blockers.pop_back(); // one connection for all of them makes the order exact
    for (auto& one : callers) CHECK(one->outcome());
    REQUIRE(served.size() == 500);
    for (int i = 0; i < 500; ++i) CHECK(served[static_cast<std::size_t>(i)] == i);
    CHECK(node.opened == 5);
}

TEST_CASE_FIXTURE(pool_fixture, "500 callers never use more than the pool's five connections at once") {
    start(5);
    std::atomic<int> at_once = 0;
    std::atomic<int> most = 0;
    std::vector<std::unique_ptr<call>> callers;
    auto look = [&](orm::connection&) {
        const int here = ++at_once;
        for (int seen = most; seen < here && !most.compare_exchange_weak(seen, here);) {
        }
        std::this_thread::yield();
        --at_once;
    };
    for (int i = 0; i < 500; ++i) callers.push_back(std::make_unique<call>(*this, look));
    for (auto& one : callers) CHECK(one->outcome());
    CHECK(most <= 5);
    CHECK(node.opened <= 5);
    CHECK(now().completed == 500);
    CHECK(now().active == 0);
}

TEST_CASE_FIXTURE(pool_fixture,
                  "a call waits for connection_timeout, then fails with the pool's state in its message") {
    start(1);
    const holder busy(*this);
    call first(*this, [](orm::connection&) {});
    time.advance(1s);
    call second(*this, [](orm::connection&) {});
    time.advance(2s);
    CHECK(first.outcome().error() == errc::unavailable);
    CHECK(first.outcome().error().message() ==
          "no connection to the test's node within 3000 ms: 1 of 1 in use, 1 more waiting");
    CHECK(now().timeouts == 1);
    CHECK(now().pending == 1);
    time.advance(1s);
    CHECK(second.outcome().error() == errc::unavailable);
    CHECK(now().timeouts == 2);
}

TEST_CASE_FIXTURE(pool_fixture, "with a connection_timeout of 0 or duration::max() a call waits without a limit") {
    for (const duration unlimited : {duration::zero(), duration::max()}) {
        options.connection_timeout = unlimited;
        start(1);
        std::optional<holder> busy;
        busy.emplace(*this);
        call waiting(*this, [](orm::connection&) {});
        time.advance(10'000h);
        const int passes = node.enforced; // by the housekeeping thread, which would end the call
        wait_until([&] { return node.enforced > passes + 1; });
        CHECK(now().pending == 1);
        busy.reset();
        CHECK(waiting.outcome());
        CHECK(now().timeouts == 0);
        pool.reset();
    }
}

TEST_CASE_FIXTURE(pool_fixture, "a time limit of duration::max() never expires") {
    options.idle_timeout = duration::max();
    options.max_lifetime = duration::max();
    options.keepalive_time = duration::max();
    options.leak_detection_threshold = duration::max();
    start(1);
    {
        const holder busy(*this);
        time.advance(10'000h);
        const int passes = node.enforced;
        wait_until([&] { return node.enforced > passes + 1; });
    }
    CHECK(run_once());
    CHECK(node.opened == 1);
    CHECK(node.closed == 0);
    CHECK(now().leaks == 0);
}

TEST_CASE_FIXTURE(pool_fixture, "calls with successive deadlines all fail in time") {
    const stepping_clock steps;
    start(1);
    const holder blocker(*this);
    std::vector<std::unique_ptr<call>> callers;
    for (int i = 0; i < 50; ++i) {
        orm::job_limits ends;
        ends.time = &steps;
        ends.deadline = time_point(i * 4ms);
        const boost::source_location anywhere;
        callers.push_back(std::make_unique<call>(
            *this, [](orm::connection&) {}, nullptr, anywhere, ends));
    }
    for (auto& one : callers) CHECK(one->outcome().error() == errc::deadline_exceeded);
    CHECK(now().pending == 0);
}

TEST_CASE_FIXTURE(pool_fixture, "a cancelled waiter leaves the queue, and the others keep their order") {
    start(1);
    std::optional<holder> busy;
    busy.emplace(*this);
    std::string served;
    call first(*this, [&](orm::connection&) { served += "1"; });
    call second(*this, [&](orm::connection&) { served += "2"; });
    call third(*this, [&](orm::connection&) { served += "3"; });
    second.task->stop();
    CHECK(second.outcome().error() == errc::cancelled);
    CHECK(now().pending == 2);
    busy.reset();
    CHECK(first.outcome());
    CHECK(third.outcome());
    CHECK(served == "13");
}

TEST_CASE_FIXTURE(pool_fixture, "a refused call completes once, even if it is cancelled before its caller resumes") {
    start(1);
    pool->close();
    job work;
    const orm::job_limits unlimited;
    auto call = [&] { return pool->run(work, unlimited); };
    CHECK(test_support::ends_when_cancelled_early(home, call) == std::vector{errc::unavailable});
}

TEST_CASE_FIXTURE(pool_fixture, "calls that are cancelled while they time out complete once") {
    start(1);
    const holder busy(*this);
    for (int round = 0; round < 40; ++round) {
        std::vector<std::unique_ptr<call>> late;
        std::vector<std::unique_ptr<call>> queued;
        orm::job_limits ends;
        ends.time = &time;
        ends.deadline = time.now() + 1s;
        for (int i = 0; i < 100; ++i)
            late.push_back(std::make_unique<call>(
                *this, [](orm::connection&) {}, nullptr, boost::source_location(), ends));
        for (int i = 0; i < 100; ++i) queued.push_back(std::make_unique<call>(*this, [](orm::connection&) {}));
        time.advance(3s);
        CHECK(late.front()->outcome().error() == errc::deadline_exceeded);
        for (auto& one : queued) one->task->stop(); // while the pool completes the others
        for (auto& one : queued) CHECK(one->outcome().has_error());
        for (auto& one : late) CHECK(one->outcome().has_error());
    }
    CHECK(now().pending == 0);
}

TEST_CASE_FIXTURE(pool_fixture, "a call beyond maximum_pending is refused at once") {
    options.maximum_pending = 1;
    start(1);
    std::optional<holder> busy;
    busy.emplace(*this);
    call waiting(*this, [](orm::connection&) {});
    const auto refused = run_once().error();
    CHECK(refused == errc::unavailable);
    CHECK(refused.message() == "too many calls are waiting for the test's node");
    CHECK(now().refused == 1);
    busy.reset();
    CHECK(waiting.outcome());
}

TEST_CASE_FIXTURE(pool_fixture, "connections opened together retire one by one, up to 2.5 % before max_lifetime") {
    options.max_lifetime = 1000s;
    start(20);
    fill(20);
    time.advance(975s - 1ms);
    CHECK(run_once());
    CHECK(node.closed == 0);

    time.advance(12s); // the middle of the 25 s over which they end
    wait_until([&] { return now().idle < 20; });
    CHECK(now().idle > 0);
    time.advance(14s);
    wait_until([&] { return now().idle == 0 && node.closed == 20; });
    CHECK(now().dropped == 0);
    CHECK(run_once());
    CHECK(node.opened == 21);
}

TEST_CASE_FIXTURE(pool_fixture,
                  "a connection past its lifetime isn't lent, even before the housekeeping thread has closed it") {
    options.max_lifetime = 60s;
    start(1);
    CHECK(run_once());
    // The pool checks every 10 ms of real time, a call comes at once: before the check, in most rounds.
    for (int round = 2; round < 50; ++round) {
        time.advance(60s);
        CHECK(run_once());
        CHECK(node.opened == round);
    }
}

TEST_CASE_FIXTURE(pool_fixture, "a connection that passes its lifetime while in use is closed on return") {
    options.max_lifetime = 60s;
    start(1);
    {
        const holder busy(*this);
        time.advance(61s);
    }
    wait_until([&] { return node.closed == 1; });
    CHECK(now().idle == 0);
}

TEST_CASE_FIXTURE(pool_fixture, "unused connections are closed down to minimum_idle") {
    options.idle_timeout = 60s;
    options.minimum_idle = 2;
    start(5);
    fill(5);
    time.advance(60s);
    wait_until([&] { return now().idle == 2 && node.closed == 3; });
    CHECK(run_once());
    CHECK(now().idle == 2);
}

TEST_CASE_FIXTURE(pool_fixture, "minimum_idle connections are opened in addition to those in use") {
    options.minimum_idle = 3;
    start(5);
    CHECK(run_once());
    wait_until([&] { return now().idle >= 3; });
    CHECK(node.opened <= 4); // one may have been in use meanwhile
}

TEST_CASE_FIXTURE(pool_fixture, "without minimum_idle opened connections stay open") {
    options.idle_timeout = 60s;
    options.keepalive_time = 90s;
    start(2);
    fill(2);
    time.advance(90s); // the keepalive shows that the housekeeping thread has run
    wait_until([&] { return node.asked == 2; });
    CHECK(node.closed == 0);
}

TEST_CASE_FIXTURE(pool_fixture, "a connection that isn't returned in time is reported once, with file and line") {
    options.leak_detection_threshold = 10s;
    std::mutex mutex;
    std::vector<orm::pool_leak> reported;
    options.on_leak = [&](const orm::pool_leak& leak) {
        const std::lock_guard lock(mutex);
        reported.push_back(leak);
    };
    start(2);
    const auto here = BOOST_CURRENT_LOCATION;
    {
        const holder leaked(*this, here);
        time.advance(10s - 1ms);
        CHECK(run_once());
        CHECK(now().leaks == 0);
        time.advance(1ms);
        wait_until([&] { return now().leaks == 1; });
        const int passes = node.enforced;
        wait_until([&] { return node.enforced > passes + 1; });
    }
    CHECK(now().leaks == 1);
    pool.reset();
    REQUIRE(reported.size() == 1);
    CHECK(std::string(reported[0].borrower.file_name()) == here.file_name());
    CHECK(reported[0].borrower.line() == here.line());
    CHECK(reported[0].lent_for == 10s);
}

TEST_CASE_FIXTURE(pool_fixture, "a leak report names the caller of the database") {
    std::promise<orm::pool_leak> reported;
    database_options chosen;
    chosen.url = ":memory:";
    chosen.time = &time;
    chosen.pool.leak_detection_threshold = 1s;
    chosen.pool.on_leak = [&](const orm::pool_leak& leak) { reported.set_value(leak); };
    database db(chosen);
    std::promise<void> open;
    auto block = [&](transaction&) -> result<void> {
        open.get_future().wait();
        return ok();
    };
    const auto line = BOOST_CURRENT_LOCATION.line() + 1;
    pending<void> call(home, db.transaction(block));
    wait_until([&] { return db.stats().writing.active == 1; });
    time.advance(1s);
    const auto leak = reported.get_future().get();
    CHECK(std::string_view(leak.borrower.file_name()).ends_with("tests/orm/pool/connection_pool.cpp"));
    CHECK(leak.borrower.line() == line);
    open.set_value();
    CHECK(call.wait_on(home));
}

TEST_CASE_FIXTURE(pool_fixture, "an unreachable node fails its callers at once, without an attempt per caller") {
    node.up = false;
    start(2);
    CHECK(run_once().error().message() == "the node is away");
    const int attempts = node.attempts;

    call next(*this, [](orm::connection&) {});
    CHECK(now().pending == 1);
    CHECK(node.attempts == attempts);
    time.advance(500ms);
    CHECK(next.outcome().error().message() == "the node is away");

    node.up = true;
    time.advance(500ms);
    CHECK(run_once());
}

TEST_CASE_FIXTURE(pool_fixture, "calls wait for a live connection although no other can be opened") {
    start(2);
    std::optional<holder> busy;
    busy.emplace(*this);
    node.up = false;
    call next(*this, [](orm::connection&) {});
    wait_until([&] { return node.attempts == 2; });
    busy.reset();
    CHECK(next.outcome());
}

TEST_CASE_FIXTURE(pool_fixture, "an idle connection is asked every keepalive_time, and dropped if it doesn't answer") {
    options.keepalive_time = 30s;
    start(1);
    fill(1);
    time.advance(30s - 1ms);
    CHECK(node.asked == 0);
    time.advance(1ms);
    wait_until([&] { return node.asked == 1 && now().idle == 1; });
    node.alive = false;
    time.advance(30s);
    wait_until([&] { return node.closed == 1; });
    CHECK(now().dropped == 1);
    node.alive = true;
    CHECK(run_once());
}

TEST_CASE_FIXTURE(pool_fixture, "a connection that died while idle isn't lent") {
    start(1);
    fill(1);
    time.advance(10ms);
    node.alive = false;
    CHECK(run_once());
    CHECK(node.opened == 2);
    CHECK(node.closed == 1);
    CHECK(now().dropped == 1);
}

TEST_CASE_FIXTURE(pool_fixture, "a connection unused for half a second is asked before it is lent, a busy one isn't") {
    start(1);
    fill(1);
    time.advance(499ms);
    CHECK(run_once());
    CHECK(node.asked == 0);
    time.advance(500ms);
    CHECK(run_once());
    CHECK(node.asked == 1);
}

TEST_CASE_FIXTURE(pool_fixture, "no other connection is opened for a call while its connection is asked") {
    start(2);
    fill(1);
    time.advance(500ms);
    std::promise<void> answer;
    node.answer_comes = answer.get_future().share();
    call waiting(*this, [](orm::connection&) {});
    wait_until([&] { return node.asked == 1; });
    const int passes = node.enforced; // by the housekeeping thread, which would open one
    wait_until([&] { return node.enforced > passes + 1; });
    CHECK(node.opened == 1);
    answer.set_value();
    CHECK(waiting.outcome());
    CHECK(now().idle == 1);
}

TEST_CASE_FIXTURE(pool_fixture,
                  "if one connection doesn't answer, those idle for as long are dropped without a check") {
    start(5);
    fill(5);
    time.advance(500ms);
    node.silent = true;
    CHECK(run_once());
    CHECK(node.asked == 1);
    CHECK(node.opened == 6);
    CHECK(now().dropped == 5);
    CHECK(now().idle == 1);
}

TEST_CASE_FIXTURE(pool_fixture, "a slow failed opening isn't followed by a pause") {
    node.up = false;
    node.opening_takes = 500ms;
    start(1);
    CHECK(!run_once());
    node.up = true;
    CHECK(run_once());
}

TEST_CASE_FIXTURE(pool_fixture, "a slow opening soon gets a second one beside it") {
    node.silent_openings.resize(1);
    start(3);
    call waits(*this, [](orm::connection&) {});
    wait_until([&] { return node.attempts == 1; });
    time.advance(499ms);
    CHECK(node.attempts == 1);
    time.advance(1ms);
    CHECK(waits.outcome());
    CHECK(node.attempts == 2);
    node.silent_openings[0].set_value(true);
    wait_until([&] { return now().idle == 2; });
}

TEST_CASE_FIXTURE(pool_fixture, "openings beside slow ones stay within the pool's maximum") {
    node.silent_openings.resize(2);
    start(2);
    call waits(*this, [](orm::connection&) {});
    for (int attempts = 1; attempts <= 2; ++attempts) {
        wait_until([&] { return node.attempts == attempts; });
        time.advance(500ms);
    }
    node.silent_openings[1].set_value(true);
    CHECK(waits.outcome());
    node.silent_openings[0].set_value(true);
    wait_until([&] { return now().idle == 2; });
    CHECK(node.attempts == 2);
}

TEST_CASE_FIXTURE(pool_fixture, "a slow failed opening fails the calls that have waited as long as it") {
    node.silent_openings.resize(2);
    start(2);
    call first(*this, [](orm::connection&) {});
    wait_until([&] { return node.attempts == 1; });
    time.advance(500ms);
    wait_until([&] { return node.attempts == 2; });
    time.advance(1ms);
    call second(*this, [](orm::connection&) {});
    node.silent_openings[0].set_value(false);
    CHECK(first.outcome().error().message() == "the node is away");
    CHECK(now().pending == 1);
    node.silent_openings[1].set_value(true);
    CHECK(second.outcome());
}

TEST_CASE_FIXTURE(pool_fixture, "a fast failed opening leaves the calls to openings under way") {
    node.silent_openings.resize(2);
    start(2);
    call first(*this, [](orm::connection&) {});
    call second(*this, [](orm::connection&) {});
    wait_until([&] { return node.attempts == 2; });
    node.silent_openings[0].set_value(false);
    node.silent_openings[1].set_value(true);
    CHECK(first.outcome());
    CHECK(second.outcome());
}

TEST_CASE_FIXTURE(pool_fixture, "the statistics add up waiting, usage and creation times") {
    node.opening_takes = 1s;
    start(1);
    auto busy = std::make_unique<holder>(*this);
    CHECK(now().creation == 1s);
    call next(*this, [this](orm::connection&) { time.advance(5s); });
    time.advance(2s);
    busy.reset();
    CHECK(next.outcome());
    CHECK(now().waiting == 1s + 2s);
    CHECK(now().usage == 2s + 5s);
}

TEST_CASE_FIXTURE(pool_fixture, "a connection that broke in a call is closed, and the next call gets a new one") {
    start(1);
    call breaks(*this, [](orm::connection& on) { dynamic_cast<scripted_connection&>(on).break_down(); });
    CHECK(breaks.outcome());
    CHECK(run_once());
    CHECK(node.opened == 2);
    CHECK(now().dropped == 1);
    wait_until([&] { return node.closed == 1; });
}

TEST_CASE_FIXTURE(pool_fixture, "a broken connection counts until the node has closed it") {
    node.closes_broken = false;
    start(1);
    const auto break_one = [&] {
        call breaks(*this, [](orm::connection& on) { dynamic_cast<scripted_connection&>(on).break_down(); });
        CHECK(breaks.outcome());
    };
    break_one();
    CHECK(now().leaving == 1);
    CHECK(now().total() == 1);
    call waits(*this, [](orm::connection&) {});
    time.advance(999ms);
    CHECK(node.opened == 1);
    CHECK(now().pending == 1);
    node.closes_broken = true;
    CHECK(waits.outcome());
    CHECK(node.opened == 2);
    CHECK(now().leaving == 0);
    wait_until([&] { return node.closed == 1; });
}

TEST_CASE_FIXTURE(pool_fixture, "if all connections have been leaving for a second, one is opened beside them") {
    node.closes_broken = false;
    start(2);
    const auto break_down = [](orm::connection& on) { dynamic_cast<scripted_connection&>(on).break_down(); };
    fill(2);
    for (int i = 0; i < 2; ++i) {
        call breaks(*this, break_down);
        CHECK(breaks.outcome());
    }
    CHECK(now().leaving == 2);
    call one(*this, [](orm::connection&) {});
    time.advance(1s);
    CHECK(one.outcome());
    CHECK(now().leaving == 2);
    CHECK(node.opened == 3);
}

TEST_CASE_FIXTURE(pool_fixture, "a stopped close fails waiting calls and cancels running ones") {
    start(1);
    std::promise<void> running;
    std::atomic<bool> saw_stop = false;
    call runs(*this, [&](orm::connection& on) {
        running.set_value();
        auto& scripted = dynamic_cast<scripted_connection&>(on);
        while (!scripted.stopped()) std::this_thread::yield();
        saw_stop = true;
    });
    running.get_future().wait();
    call waits(*this, [](orm::connection&) {});
    CHECK(now().pending == 1);
    std::stop_source stop;
    std::thread closing([&] { pool->close(stop.get_token()); });
    stop.request_stop();
    CHECK(waits.outcome().error() == errc::unavailable);
    CHECK(runs.outcome());
    closing.join();
    CHECK(saw_stop);
}

TEST_CASE_FIXTURE(pool_fixture, "an exception from a call becomes its error, and the connection is reused") {
    start(1);
    call throws(*this, [](orm::connection&) { throw std::runtime_error("a bug"); });
    CHECK(throws.outcome().error() == errc::internal);
    CHECK(throws.outcome().error().cause().message() == "a bug");
    CHECK(run_once());
    CHECK(node.opened == 1);
}

TEST_CASE_FIXTURE(pool_fixture, "close waits for running and queued calls, and refuses new ones") {
    options.maximum_pending = 1'000'000;
    start(1);
    auto busy = std::make_unique<holder>(*this);
    call waiting(*this, [](orm::connection&) {});
    auto closing = std::async(std::launch::async, [this] { pool->close(); });
    std::vector<std::unique_ptr<call>> early; // those queued before the other thread closed the pool
    wait_until([&] {
        early.push_back(std::make_unique<call>(*this, [](orm::connection&) {}));
        home.poll();
        return early.back()->task->outcome.has_value();
    });
    CHECK(early.back()->outcome().error().message() == "the test's node is closed");
    early.pop_back();
    busy.reset();
    CHECK(waiting.outcome());
    for (auto& one : early) CHECK(one->outcome());
    closing.get();
    CHECK(node.closed == node.opened);
}

TEST_CASE_FIXTURE(pool_fixture, "close waits no longer for an unreachable node than its callers do") {
    node.up = false;
    start(2);
    CHECK(!run_once());
    call waiting(*this, [](orm::connection&) {});
    auto closing = std::async(std::launch::async, [this] { pool->close(); });
    time.advance(options.connection_timeout);
    CHECK(waiting.outcome().error() == errc::unavailable);
    closing.get();
}
