// SPDX-License-Identifier: MIT
// labels: unit concurrency
#include "feed/event_reader.hpp"
#include "support/temporary_folder.hpp"
#include <weir/core/deadline.hpp>
#include <weir/core/loop.hpp>
#include <weir/feed/event_writer.hpp>
#include <weir/feed/event_writer_metrics.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <limits>
#include <sys/resource.h>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;
using feed_test::files_in;
using feed_test::ids_in;
using feed_test::lines_in;
using feed_test::numbers;
using feed_test::order_placed;

namespace {

using kinds = event_writer_event::what;

struct writer_fixture {
    test_support::temporary_folder files{};
    manual_clock time{};
    loop home{};

    std::string folder() const { return files / "lake"; }

    event_writer_options options() const {
        event_writer_options all;
        all.folder = folder();
        all.prefix = "orders";
        all.clock = &time;
        return all;
    }

    result<void> flush(event_writer& of) { return home.block_on(of.flush()); }
    result<void> close(event_writer& of) { return home.block_on(of.close()); }
};

void write_ids(event_writer& to, std::int64_t first, std::int64_t count) {
    for (std::int64_t n = first; n < first + count; ++n) CHECK(to.write(order_placed{n, "note"}));
}

// Lets files grow to `bytes` at most while it exists.
class file_size_limit {
public:
    explicit file_size_limit(rlim_t bytes) {
        getrlimit(RLIMIT_FSIZE, &before_);
        rlimit low = before_;
        low.rlim_cur = bytes;
        setrlimit(RLIMIT_FSIZE, &low);
    }
    ~file_size_limit() { setrlimit(RLIMIT_FSIZE, &before_); }
    file_size_limit(const file_size_limit&) = delete;
    file_size_limit& operator=(const file_size_limit&) = delete;

private:
    rlimit before_{};
};

} // namespace

TEST_CASE_FIXTURE(writer_fixture, "events are lines of a compressed file, which gets its name when it is complete") {
    event_writer writer(options());
    write_ids(writer, 0, 3);
    CHECK(flush(writer));
    CHECK(files_in(folder(), ".jsonl.gz").empty());
    REQUIRE(files_in(folder(), ".part").size() == 1);

    CHECK(close(writer));
    CHECK(files_in(folder(), ".part").empty());
    const auto complete = files_in(folder(), ".jsonl.gz");
    REQUIRE(complete.size() == 1);
    CHECK(complete[0].filename().string().starts_with("orders-20260101T000000Z-"));
    CHECK(lines_in(folder()) ==
          std::vector<std::string>{
              R"({"order_id":0,"note":"note"})", R"({"order_id":1,"note":"note"})", R"({"order_id":2,"note":"note"})"});
    const auto counts = writer.stats();
    CHECK(counts.accepted == 3);
    CHECK(counts.written == 3);
    CHECK(counts.queued_bytes == 0);
    CHECK(counts.completed_files == 1);
}

TEST_CASE_FIXTURE(writer_fixture, "a typed event has an envelope with its type and time") {
    event_writer_options plain = options();
    plain.compression = event_compression::none;
    event_writer writer(plain);
    time.advance(1500ms);
    CHECK(writer.write("order \"placed\"", order_placed{7, ""}));
    CHECK(close(writer));
    CHECK(lines_in(folder()) ==
          std::vector<std::string>{R"({"type":"order \"placed\"","time":"2026-01-01T00:00:01.500Z",)"
                                   R"("data":{"order_id":7,"note":""}})"});
}

TEST_CASE_FIXTURE(writer_fixture, "append completes when the event is in the file") {
    event_writer writer(options());
    const order_placed first{7, ""};
    CHECK(home.block_on(writer.append(first)));
    CHECK(writer.stats().written == 1);
    CHECK(home.block_on(writer.append("placed", first)));
    CHECK(close(writer));
    CHECK(lines_in(folder()).size() == 2);
}

TEST_CASE_FIXTURE(writer_fixture, "a file is completed at its age, by the writer's clock") {
    event_writer writer(options());
    write_ids(writer, 0, 1);
    CHECK(flush(writer));
    time.advance(5min - 1ns);
    CHECK(flush(writer));
    CHECK(writer.stats().completed_files == 0);
    time.advance(1ns);
    CHECK(flush(writer));
    CHECK(writer.stats().completed_files == 1);
    write_ids(writer, 1, 1);
    CHECK(close(writer));
    CHECK(files_in(folder(), ".gz").size() == 2);
    CHECK(ids_in(folder()) == numbers(2));
}

TEST_CASE_FIXTURE(writer_fixture, "a file is completed at its size") {
    event_writer_options small = options();
    small.rotate_bytes = 1;
    event_writer writer(small);
    for (int n = 0; n < 5; ++n) {
        write_ids(writer, n, 1);
        CHECK(flush(writer));
    }
    CHECK(close(writer));
    CHECK(files_in(folder(), ".gz").size() == 5);
    CHECK(ids_in(folder()) == numbers(5));
}

TEST_CASE_FIXTURE(writer_fixture, "partitions are folders by date, and midnight completes a file") {
    event_writer_options daily = options();
    daily.partition_by_date = true;
    daily.rotate_every = duration::max();
    event_writer writer(daily);
    time.advance(24h - 1s);
    write_ids(writer, 0, 1);
    CHECK(flush(writer));
    time.advance(1s);
    CHECK(flush(writer));
    write_ids(writer, 1, 1);
    CHECK(close(writer));
    CHECK(files_in(files.path() / "lake/dt=2026-01-01", ".gz").size() == 1);
    CHECK(files_in(files.path() / "lake/dt=2026-01-02", ".gz").size() == 1);
    CHECK(ids_in(folder()) == numbers(2));
}

TEST_CASE_FIXTURE(writer_fixture, "a full queue drops and counts events, and append waits for room") {
    event_writer_options blocked = options();
    files.put("lake", "a file in place of the folder");
    blocked.queue = 100;
    blocked.close_limit = 0ns;
    event_writer writer(blocked);
    while (writer.write(order_placed{1, "waits"})) {
    }
    CHECK(writer.stats().dropped == 1);
    CHECK(writer.stats().queued_bytes > 50);

    context hurried(home);
    std::size_t done = 0;
    const auto appends = [&](std::int64_t id) -> task<void> {
        const order_placed late{id, "waited"};
        const auto appended = co_await writer.append(late);
        CHECK(appended);
        ++done;
    };
    home.spawn(appends(2));
    home.spawn(appends(3));
    home.poll();
    CHECK(done == 0);

    std::filesystem::remove(folder());
    time.advance(1min);
    write_ids(writer, 0, 0);
    while (done < 2) {
        static_cast<void>(home.block_on(with_timeout(100ms, writer.flush())));
        time.advance(1min);
    }
    CHECK(close(writer));
    auto ids = ids_in(folder());
    REQUIRE(ids.size() >= 3);
    CHECK(ids[ids.size() - 2] + ids.back() == 5);
}

TEST_CASE_FIXTURE(writer_fixture, "an event larger than the queue is refused") {
    event_writer_options small = options();
    small.queue = 20;
    event_writer writer(small);
    const order_placed large{1, std::string(100, 'x')};
    CHECK(home.block_on(writer.append(large)).error() == errc::too_large);
    CHECK_FALSE(writer.write(large));
}

TEST_CASE_FIXTURE(writer_fixture, "a deadline ends the wait for durability, and the event is still written") {
    event_writer_options blocked = options();
    files.put("lake", "a file in place of the folder");
    event_writer writer(blocked);
    const order_placed one{0, ""};
    const auto late = home.block_on(with_timeout(10ms, writer.append(one)));
    CHECK(late.error() == errc::deadline_exceeded);
    std::filesystem::remove(folder());
    time.advance(1min);
    CHECK(close(writer));
    CHECK(ids_in(folder()) == numbers(1));
}

TEST_CASE_FIXTURE(writer_fixture, "a closed writer refuses events; a second close changes nothing") {
    event_writer writer(options());
    CHECK(close(writer));
    CHECK(close(writer));
    const order_placed one{0, ""};
    CHECK_FALSE(writer.write(one));
    CHECK(home.block_on(writer.append(one)).error().code() == "closed");
    CHECK(flush(writer).error().code() == "closed");
    CHECK(writer.stats().dropped == 1);
    CHECK_FALSE(std::filesystem::exists(folder()));
}

TEST_CASE_FIXTURE(writer_fixture, "a close that runs out of time counts the events that are lost") {
    files.put("lake", "a file in place of the folder");
    event_writer writer(options());
    write_ids(writer, 0, 3);
    CHECK(home.block_on(with_timeout(10ms, writer.close())).error() == errc::deadline_exceeded);
    CHECK(close(writer).error() == errc::unavailable);
    CHECK(writer.stats().lost == 3);
    CHECK(writer.stats().queued_bytes == 0);
}

TEST_CASE_FIXTURE(writer_fixture, "the destructor writes what waits") {
    { write_ids(*std::make_unique<event_writer>(options()), 0, 100); }
    CHECK(ids_in(folder()) == numbers(100));
}

TEST_CASE_FIXTURE(writer_fixture, "a disk without room keeps events in the queue, and a torn batch is cut off") {
    std::atomic<int> failures{0};
    std::atomic<int> resumed{0};
    event_writer_options watched = options();
    watched.compression = event_compression::none;
    watched.on_event = [&](const event_writer_event& one) {
        failures += one.kind == kinds::failed;
        resumed += one.kind == kinds::resumed;
        throw std::runtime_error("observers may throw");
    };
    event_writer writer(watched);
    write_ids(writer, 0, 2);
    CHECK(flush(writer));
    const auto part = files_in(folder(), ".part");
    REQUIRE(part.size() == 1);
    const auto before = std::filesystem::file_size(part[0]);
    {
        const file_size_limit limit(before + 10);
        write_ids(writer, 2, 2);
        static_cast<void>(home.block_on(with_timeout(50ms, writer.flush())));
        while (failures == 0) std::this_thread::yield();
        CHECK(writer.stats().failing);
        CHECK(writer.stats().last_failure.describe().find("File too large") != std::string::npos);
        CHECK(std::filesystem::file_size(part[0]) == before);
    }
    time.advance(1min);
    CHECK(flush(writer));
    CHECK(resumed == 1);
    CHECK_FALSE(writer.stats().failing);
    CHECK(close(writer));
    CHECK(ids_in(folder()) == numbers(4));
}

TEST_CASE_FIXTURE(writer_fixture, "a removed folder loses its unfinished file, which is reported, and begins again") {
    event_writer writer(options());
    write_ids(writer, 0, 1);
    CHECK(flush(writer));
    std::filesystem::remove_all(folder());
    write_ids(writer, 1, 1);
    static_cast<void>(home.block_on(with_timeout(50ms, writer.flush())));
    time.advance(1min);
    CHECK(flush(writer));
    CHECK(writer.stats().lost_files == 1);
    CHECK(close(writer));
    CHECK(ids_in(folder()) == std::vector<std::int64_t>{1});
}

TEST_CASE_FIXTURE(writer_fixture, "interval: waits end with the next synchronization") {
    event_writer_options lazy = options();
    lazy.sync = sync_policy::interval;
    event_writer writer(lazy);
    write_ids(writer, 0, 1);
    CHECK(home.block_on(with_timeout(50ms, writer.flush())).error() == errc::deadline_exceeded);
    while (writer.stats().written < 1) std::this_thread::yield();
    CHECK(writer.stats().syncs == 0);
    time.advance(1s);
    CHECK(flush(writer));
    CHECK(writer.stats().syncs == 1);
}

TEST_CASE_FIXTURE(writer_fixture, "the oldest files are deleted above the limit of all files") {
    event_writer_options capped = options();
    capped.compression = event_compression::none;
    capped.partition_by_date = true;
    capped.rotate_bytes = 1;
    capped.max_total_bytes = 100;
    event_writer writer(capped);
    for (int n = 0; n < 6; ++n) {
        write_ids(writer, n, 1);
        CHECK(flush(writer));
        time.advance(24h);
    }
    CHECK(close(writer));
    CHECK(ids_in(folder()) == std::vector<std::int64_t>{3, 4, 5});
    CHECK(writer.stats().deleted_files == 3);
    CHECK_FALSE(std::filesystem::exists(files.path() / "lake/dt=2026-01-01"));
}

TEST_CASE_FIXTURE(writer_fixture, "the limit of all files may stop the writing until files are removed") {
    event_writer_options capped = options();
    capped.compression = event_compression::none;
    capped.rotate_bytes = 1;
    capped.max_total_bytes = 40;
    capped.at_max_total_bytes = disk_cap_policy::stop;
    event_writer writer(capped);
    write_ids(writer, 0, 1);
    CHECK(flush(writer));
    write_ids(writer, 1, 1);
    static_cast<void>(home.block_on(with_timeout(50ms, writer.flush())));
    CHECK(writer.stats().last_failure == errc::resource_exhausted);
    const auto complete = files_in(folder(), ".jsonl");
    REQUIRE(complete.size() == 1);
    std::filesystem::remove(complete[0]);
    time.advance(1min);
    CHECK(close(writer));
    CHECK(ids_in(folder()) == std::vector<std::int64_t>{1});
}

TEST_CASE_FIXTURE(writer_fixture, "two writers of one process and second don't overwrite each other's files") {
    {
        event_writer first(options());
        event_writer second(options());
        write_ids(first, 0, 1);
        CHECK(close(first));
        write_ids(second, 1, 1);
    }
    CHECK(files_in(folder(), ".gz").size() == 2);
    auto ids = ids_in(folder());
    std::ranges::sort(ids);
    CHECK(ids == numbers(2));
}

TEST_CASE_FIXTURE(writer_fixture, "producers on several loops lose nothing and keep their order") {
    constexpr std::int64_t per_loop = 5000;
    event_writer_options real = options();
    real.clock = &system_clock();
    real.batch_bytes = 10000;
    real.rotate_bytes = 20000;
    real.sync = sync_policy::never;
    event_writer writer(real);
    std::vector<std::thread> threads;
    for (std::int64_t which = 0; which < 3; ++which)
        threads.emplace_back([&, which] {
            loop own;
            own.block_on([](event_writer& to, std::int64_t base) -> task<void> {
                for (std::int64_t n = 0; n < per_loop; ++n) {
                    const order_placed one{base + n, "x"};
                    if (n % 100 != 0) {
                        to.write(one);
                    } else {
                        const auto appended = co_await to.append(one);
                        CHECK(appended);
                    }
                }
            }(writer, which * per_loop));
        });
    for (auto& one : threads) one.join();
    CHECK(close(writer));
    CHECK(writer.stats().dropped == 0);
    CHECK(writer.stats().completed_files > 1);
    auto ids = ids_in(folder());
    for (std::int64_t which = 0; which < 3; ++which) {
        std::vector<std::int64_t> own;
        std::ranges::copy_if(ids, std::back_inserter(own), [&](auto id) { return id / per_loop == which; });
        CHECK(std::ranges::is_sorted(own));
    }
    std::ranges::sort(ids);
    CHECK(ids == numbers(3 * per_loop));
}

TEST_CASE_FIXTURE(writer_fixture, "a loop may end while its tasks wait for durability or for room") {
    files.put("lake", "a file in place of the folder");
    event_writer_options small = options();
    small.queue = 50;
    small.close_limit = 0ns;
    event_writer writer(small);
    {
        loop short_lived;
        for (int n = 0; n < 3; ++n)
            short_lived.spawn([](event_writer& to) -> task<void> {
                const order_placed one{0, "waits"};
                static_cast<void>(co_await to.append(one));
            }(writer));
        short_lived.poll();
    }
    CHECK(writer.stats().queued_bytes > 0);
}

TEST_CASE_FIXTURE(writer_fixture, "a writer may be destroyed while tasks wait, which get an error") {
    files.put("lake", "a file in place of the folder");
    event_writer_options hurried = options();
    hurried.close_limit = 0ns;
    auto writer = std::make_unique<event_writer>(hurried);
    std::optional<result<void>> outcome;
    home.spawn([](event_writer& to, std::optional<result<void>>& into) -> task<void> {
        const order_placed one{0, ""};
        into = co_await to.append(one);
    }(*writer, outcome));
    home.poll();
    writer.reset();
    while (!outcome) home.run_one();
    CHECK(outcome->error() == errc::unavailable);
}

TEST_CASE_FIXTURE(writer_fixture, "options out of range are refused by name") {
    const auto refuses = [&](auto change, const char* option) {
        event_writer_options wrong = options();
        change(wrong);
        CHECK_THROWS_WITH_AS(event_writer{wrong}, doctest::Contains(option), std::invalid_argument);
    };
    refuses([](auto& o) { o.folder = ""; }, "folder");
    refuses([](auto& o) { o.prefix = "../up"; }, "prefix");
    refuses([](auto& o) { o.prefix = ""; }, "prefix");
    refuses([](auto& o) { o.prefix = std::string(65, 'x'); }, "prefix");
    refuses([](auto& o) { o.producer = "a/b"; }, "producer");
    refuses([](auto& o) { o.compression_level = 0; }, "compression_level");
    refuses([](auto& o) { o.queue = 0; }, "queue");
    refuses([](auto& o) { o.batch_bytes = 0; }, "batch_bytes");
    refuses([](auto& o) { o.rotate_bytes = 0; }, "rotate_bytes");
    refuses([](auto& o) { o.rotate_every = 0ns; }, "rotate_every");
    refuses([](auto& o) { o.sync_every = -1ns; }, "sync_every");
    refuses([](auto& o) { o.max_total_bytes = 1; }, "max_total_bytes");
    refuses([](auto& o) { o.clock = nullptr; }, "clock");
}

TEST_CASE_FIXTURE(writer_fixture, "infinite limits and a batch time of zero work") {
    event_writer_options endless = options();
    endless.batch_every = 0ns;
    endless.batch_bytes = std::numeric_limits<std::size_t>::max();
    endless.rotate_bytes = std::numeric_limits<std::uint64_t>::max();
    endless.queue = std::numeric_limits<std::size_t>::max();
    endless.rotate_every = endless.sync_every = endless.retry_max = endless.close_limit = duration::max();
    event_writer writer(endless);
    write_ids(writer, 0, 10);
    while (writer.stats().written < 10) std::this_thread::yield();
    CHECK(close(writer));
    CHECK(ids_in(folder()) == numbers(10));
}

TEST_CASE_FIXTURE(writer_fixture, "metrics show the counts under the writer's prefix") {
    event_writer writer(options());
    metrics shown;
    measure(shown, writer);
    write_ids(writer, 0, 2);
    CHECK(close(writer));
    const std::string text = shown.text();
    CHECK(text.find("event_writer_written_total{name=\"orders\"} 2\n") != std::string::npos);
    CHECK(text.find("event_writer_completed_files_total{name=\"orders\"} 1\n") != std::string::npos);
    CHECK(text.find("event_writer_queued_bytes{name=\"orders\"} 0\n") != std::string::npos);
    CHECK(text.find("event_writer_failing{name=\"orders\"} 0\n") != std::string::npos);
}
