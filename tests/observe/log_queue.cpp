// SPDX-License-Identifier: MIT
// labels: unit concurrency
#include <weir/observe/log.hpp>

#include <doctest/doctest.h>

#include <array>
#include <condition_variable>
#include <future>
#include <mutex>
#include <new>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// A sink that the test can block and make fail.
struct stubborn {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> lines;
    int entered = 0;
    bool blocked = false;
    bool failing = false;

    void set_blocked(bool now) {
        const std::lock_guard lock(mutex);
        blocked = now;
        changed.notify_all();
    }

    void wait_until_entered(int times) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return entered >= times; });
    }

    std::vector<std::string> taken() {
        const std::lock_guard lock(mutex);
        return lines;
    }

    struct sink final : log_sink {
        explicit sink(stubborn& owner) : self(owner) {}
        result<void> write(std::string_view text) override {
            std::unique_lock lock(self.mutex);
            ++self.entered;
            self.changed.notify_all();
            self.changed.wait(lock, [&] { return !self.blocked; });
            if (self.failing) return error(errc::unavailable, "disk full");
            for (; !text.empty(); text.remove_prefix(text.find('\n') + 1))
                self.lines.emplace_back(text.substr(0, text.find('\n')));
            return ok();
        }
        stubborn& self;
    };

    std::unique_ptr<log_sink> open() { return std::make_unique<sink>(*this); }
};

bool has(const std::string& line, std::string_view part) { return line.find(part) != std::string::npos; }

logger_options small_queue(const weir::clock& time, std::size_t bytes) {
    logger_options options;
    options.queue = bytes;
    options.clock = &time;
    options.linger = 0ns;
    return options;
}

constexpr std::size_t line_size = 74; // of {"time":...,"level":"info","message":"m","n":1} and its line feed

struct broken_sink : std::runtime_error {
    broken_sink() : std::runtime_error("broken") {}
};

} // namespace

TEST_CASE("while the sink is blocked, lines beyond the queue are dropped, counted and reported") {
    const manual_clock time;
    stubborn disk;
    disk.set_blocked(true);
    const logger log(disk.open(), small_queue(time, 3 * line_size));
    log.info("m", field("n", 0));
    disk.wait_until_entered(1);

    for (int n = 1; n <= 8; ++n) log.info("m", field("n", n));
    CHECK(log.stats().lines == 4);
    CHECK(log.stats().dropped == 5);
    CHECK(log.stats().queued_bytes == 3 * line_size);

    disk.set_blocked(false);
    CHECK(log.flush(1min));
    const auto lines = disk.taken();
    REQUIRE(lines.size() == 5);
    for (std::size_t n = 0; n < 4; ++n) CHECK(has(lines[n], R"("n":)" + std::to_string(n)));
    CHECK(lines[4] ==
          R"({"time":"2026-01-01T00:00:00.000000Z","level":"warn","message":"log lines dropped","count":5})");

    log.info("m", field("n", 9));
    CHECK(log.flush(1min));
    CHECK(disk.taken().size() == 6);
}

TEST_CASE("flush gives up at its deadline if the sink doesn't keep up") {
    const manual_clock time;
    stubborn disk;
    disk.set_blocked(true);
    const logger log(disk.open(), small_queue(time, 1000));
    log.info("m");
    CHECK(log.flush(1ms).error() == errc::deadline_exceeded);
    disk.set_blocked(false);
    CHECK(log.flush(1min));
    CHECK(disk.taken().size() == 1);
}

TEST_CASE("lines lost by the sink are counted, and reported with the reason once it recovers") {
    const manual_clock time;
    stubborn disk;
    disk.failing = true;
    {
        const logger log(disk.open(), small_queue(time, 10000));
        log.info("lost");
        CHECK(log.flush(1min).error() == errc::unavailable);
        log.info("lost too");
        CHECK(log.flush(1min).error() == errc::unavailable);
        CHECK(log.stats().dropped == 2);
        CHECK(log.stats().sink_failures == 2);
        const std::lock_guard lock(disk.mutex);
        disk.failing = false;
    }
    const auto lines = disk.taken();
    REQUIRE(lines.size() == 1);
    CHECK(has(lines[0],
              R"("message":"log lines dropped","count":2,"error":{"code":"unavailable","message":"disk full"}})"));
}

TEST_CASE("flush reports once how many lines the sink refused, and why") {
    const manual_clock time;
    for (const bool asynchronous : {true, false}) {
        stubborn disk;
        logger_options options = small_queue(time, 10000);
        options.asynchronous = asynchronous;
        const logger log(disk.open(), options);
        const auto set_failing = [&](bool now) {
            const std::lock_guard lock(disk.mutex);
            disk.failing = now;
        };
        log.info("kept");
        CHECK(log.flush(1min));
        set_failing(true);
        log.info("lost");
        disk.wait_until_entered(2);
        log.info("lost too");
        const auto flushed = log.flush(1min);
        REQUIRE(flushed.has_error());
        CHECK(flushed.error() == errc::unavailable);
        CHECK(flushed.error().message() == "lines refused by the log's sink: 2");
        CHECK(flushed.error().cause().message() == "disk full");
        set_failing(false);
        CHECK(log.flush(1min));
        log.info("kept again");
        CHECK(log.flush(1min));
    }
}

TEST_CASE("a permanently broken sink doesn't keep a logger from ending") {
    const manual_clock time;
    stubborn disk;
    disk.failing = true;
    { logger(disk.open(), small_queue(time, 1000)).info("lost"); }
    CHECK(disk.taken().empty());
    CHECK(disk.entered == 2);
}

TEST_CASE_TEMPLATE("a sink that throws loses only its lines", Thrown, broken_sink, std::bad_alloc) {
    std::atomic<int> calls = 0;
    const logger log(callback_sink([&](std::string_view) {
        if (++calls == 1) throw Thrown();
    }));
    log.info("lost");
    CHECK(log.flush(1min).has_error());
    CHECK(log.stats().dropped == 1);
    log.info("kept");
    CHECK(log.flush(1min));
    CHECK(calls == 3);
    CHECK(log.stats().dropped == 1);
}

TEST_CASE("a line longer than the queue is dropped, and the next one reports it") {
    const manual_clock time;
    stubborn disk;
    const logger log(disk.open(), small_queue(time, 200));
    log.info(std::string(300, 'x'));
    log.info("m");
    CHECK(log.flush(1min));
    const auto lines = disk.taken();
    REQUIRE(lines.size() == 2);
    CHECK(has(lines[0], R"("message":"m")"));
    CHECK(has(lines[1], R"("count":1)"));
}

TEST_CASE("everything queued is written in order before the last handle is destroyed") {
    memory_log kept;
    {
        logger_options options;
        options.linger = 1h; // only the logger's end hurries the writer
        const logger first(kept.sink(), options);
        const logger second = first.with(field("child", true));
        for (int n = 0; n < 500; ++n) (n % 2 ? first : second).info("m", field("n", n));
    }
    const auto lines = kept.lines();
    REQUIRE(lines.size() == 500);
    for (std::size_t n = 0; n < lines.size(); ++n) CHECK(lines[n].ends_with(R"("n":)" + std::to_string(n) + "}"));
}

TEST_CASE("flush doesn't wait for the writer's linger") {
    memory_log kept;
    logger_options options;
    options.linger = 1h;
    const logger log(kept.sink(), options);
    for (int n = 0; n < 3; ++n) {
        log.info("m");
        CHECK(log.flush(1min));
        CHECK(kept.lines().size() == static_cast<std::size_t>(n + 1));
    }
}

TEST_CASE("threads log concurrently without losing, mixing or reordering their lines") {
    constexpr int each = 2000;
    memory_log kept;
    {
        const logger log(kept.sink());
        const auto work = [&log](int thread) {
            const logger mine = log.with(field("thread", thread));
            for (int n = 0; n < each; ++n) mine.info("m", field("n", n), field("text", "some text to copy"));
        };
        auto other = std::async(std::launch::async, work, 1);
        work(0);
        other.get();
        CHECK(log.stats().dropped == 0);
        CHECK(log.stats().lines == 2 * each);
    }
    std::array<int, 2> next{0, 0};
    for (const auto& line : kept.lines())
        for (std::size_t thread : {0U, 1U})
            if (has(line, R"("thread":)" + std::to_string(thread) + ",\"n\":" + std::to_string(next[thread]) +
                              R"(,"text":"some text to copy"})")) {
                ++next[thread];
                break;
            }
    CHECK(next == std::array<int, 2>{each, each});
}

TEST_CASE("the level can be changed while other threads log") {
    memory_log kept;
    const logger log(kept.sink());
    auto other = std::async(std::launch::async, [&log] {
        for (int n = 0; n < 1000; ++n) log.debug("m", field("n", n));
    });
    for (int n = 0; n < 100; ++n) log.set_level(n % 2 ? log_level::debug : log_level::error);
    other.get();
    CHECK(log.flush(1min));
    CHECK(kept.lines().size() == log.stats().lines);
}
