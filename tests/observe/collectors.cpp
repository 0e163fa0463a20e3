// SPDX-License-Identifier: MIT
// labels: unit
#include <weir/core/blocking_pool.hpp>
#include <weir/core/loop.hpp>
#include <weir/observe/collectors.hpp>

#include <doctest/doctest.h>

#include <cstdio>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

using namespace weir;

namespace {

// The value of a series in the text; fails the test if it is missing.
double value_of(const metrics& all, const std::string& series) {
    std::string text("\n");
    all.write(text);
    std::string before("\n");
    before.append(series).append(" ");
    const std::size_t at = text.find(before);
    REQUIRE_MESSAGE(at != std::string::npos, series);
    return std::stod(text.substr(at + before.size()));
}

// Probes every descriptor number that a test process may have.
int open_descriptors() {
    int found = 0;
    for (int fd = 0; fd < 4096; ++fd) found += ::fcntl(fd, F_GETFD) != -1;
    return found;
}

} // namespace

TEST_CASE("the process's metrics are plausible and follow its activity") {
    metrics all;
    observe_process(all);
    const double files = value_of(all, "process_open_fds");
    CHECK(files == open_descriptors());
    const int extra = ::dup(0);
    CHECK(value_of(all, "process_open_fds") == files + 1);
    ::close(extra);

    CHECK(value_of(all, "process_max_fds") >= files);
    CHECK(value_of(all, "process_threads") >= 1);
    CHECK(value_of(all, "process_cpu_seconds_total") > 0);
    const double resident = value_of(all, "process_resident_memory_bytes");
    CHECK(resident > 100e3);
    CHECK(resident < 1e12);
    const auto now = static_cast<double>(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
    const double started = value_of(all, "process_start_time_seconds");
    CHECK(started <= now + 2);
    CHECK(started > now - 24 * 3600);
}

TEST_CASE("a pool's jobs are exported under the pool's name") {
    loop home;
    blocking_pool db({.name = "db", .threads = 1});
    blocking_pool files({.name = "files", .threads = 1, .queue = 0});
    metrics all;
    observe(all, db);
    observe(all, files);
    const auto work = [] { return 1; };
    REQUIRE(home.block_on(db.run(work)));
    REQUIRE(home.block_on(db.run(work)));
    CHECK(home.block_on(files.run(work)).error() == errc::unavailable);
    CHECK(value_of(all, "blocking_pool_completed_total{pool=\"db\"}") == 2);
    CHECK(value_of(all, "blocking_pool_refused_total{pool=\"db\"}") == 0);
    CHECK(value_of(all, "blocking_pool_refused_total{pool=\"files\"}") == 1);
    CHECK(value_of(all, "blocking_pool_queued{pool=\"db\"}") == 0);
    CHECK(value_of(all, "blocking_pool_running{pool=\"files\"}") == 0);
}

TEST_CASE("a second pool of the same name is refused") {
    blocking_pool one({.name = "db", .threads = 1});
    blocking_pool two({.name = "db", .threads = 1});
    metrics all;
    observe(all, one);
    CHECK_THROWS_WITH_AS(observe(all, two), "metric \"blocking_pool_queued\": {pool=\"db\"} is already registered",
                         std::invalid_argument);
}

TEST_CASE("a log's lines and losses are counted") {
    metrics all;
    memory_log kept;
    logger_options options;
    options.asynchronous = false;
    const logger log(kept.sink(), options);
    observe(all, log);
    log.info("one");
    log.info("two");
    log.debug("not written");
    CHECK(value_of(all, "log_lines_total") == 2);
    CHECK(value_of(all, "log_dropped_total") == 0);
    CHECK(value_of(all, "log_queued_bytes") == 0);
}
