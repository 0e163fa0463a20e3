// SPDX-License-Identifier: MIT
// labels: unit
#include <weir/observe/lifecycle_log.hpp>

#include <doctest/doctest.h>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct lifecycle_fixture {
    manual_clock time;
    loop home{time};
    memory_log kept;
    logger log = [this] {
        logger_options options;
        options.level = log_level::debug;
        options.asynchronous = false;
        options.clock = &time;
        return logger(kept.sink(), options);
    }();
    lifecycle parts{log_lifecycle(log)};

    // The lines without the time, which is constant here.
    std::vector<std::string> lines() const {
        auto all = kept.lines();
        for (auto& line : all) line.erase(1, line.find("\"level\"") - 1);
        return all;
    }
};

} // namespace

TEST_CASE_FIXTURE(lifecycle_fixture, "each step of a lifecycle is a line with the part's name") {
    auto works = []() -> task<result<void>> { co_return ok(); };
    parts.add({.name = "db", .start = works, .stop = works});
    REQUIRE(home.block_on(parts.start()));
    CHECK(home.block_on(parts.stop()));
    CHECK(lines() ==
          std::vector<std::string>{
              R"({"level":"debug","message":"starting","part":"db"})",
              R"({"level":"info","message":"started","part":"db","took_ms":0.000})",
              R"({"level":"debug","message":"stopping","part":"db"})",
              R"({"level":"info","message":"stopped","part":"db","took_ms":0.000})",
          });
}

TEST_CASE_FIXTURE(lifecycle_fixture, "a part that fails is an error line with the reason") {
    auto fails = []() -> task<result<void>> { co_return error(errc::unavailable, "connection refused"); };
    parts.add({.name = "redis", .start = fails});
    CHECK(!home.block_on(parts.start()));
    CHECK(lines().back() == R"({"level":"error","message":"failed","part":"redis","took_ms":0.000,)"
                            R"("error":{"code":"unavailable","message":"connection refused"}})");
}

TEST_CASE("a step that was cut off is a warning") {
    memory_log kept;
    logger_options options;
    options.asynchronous = false;
    const auto report = log_lifecycle(logger(kept.sink(), options));
    lifecycle_event event;
    event.kind = lifecycle_event::what::cut;
    event.part = "mq";
    event.took = 10s;
    event.failure = errc::deadline_exceeded;
    report(event);
    REQUIRE(kept.lines().size() == 1);
    CHECK(kept.lines()[0].ends_with(
        R"("level":"warn","message":"cut off at its deadline","part":"mq","took_ms":10000.000})"));
}
