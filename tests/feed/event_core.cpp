// SPDX-License-Identifier: MIT
// labels: unit concurrency
#include "feed/event_core.hpp"

#include "feed/event_reader.hpp"
#include "feed/faulty_files.hpp"
#include "support/allocations.hpp"
#include "support/temporary_folder.hpp"
#include <weir/core/deadline.hpp>
#include <weir/core/loop.hpp>

#include <doctest/doctest.h>

#include <memory>

using namespace weir;
using namespace std::chrono_literals;
using feed_test::faulty_files;
using feed_test::ids_in;
using feed_test::numbers;
using weir::feed::detail::event_core;

namespace {

event_writer_options core_options(const test_support::temporary_folder& folder, const weir::clock& time,
                                  sync_policy sync) {
    event_writer_options all;
    all.folder = folder / "lake";
    all.prefix = "orders";
    all.clock = &time;
    all.sync = sync;
    all.retry_base = 1ns;
    all.retry_max = 1ns;
    all.rotate_bytes = 1;
    return all;
}

std::string line_of(std::int64_t id) { return "{\"order_id\":" + std::to_string(id) + ",\"note\":\"\"}"; }

// Appends three events with one failure after `healthy` operations; returns whether it happened.
bool survives_failure(std::uint64_t healthy, bool torn, sync_policy sync) {
    const test_support::temporary_folder folder;
    loop home;
    faulty_files files;
    files.set_torn(torn);
    files.fail_after(healthy);
    auto options = core_options(folder, system_clock(), sync);
    options.compression = event_compression::none;
    const auto core = std::make_shared<event_core>(options, files);
    for (std::int64_t id = 0; id < 3; ++id) {
        CHECK(core->write(line_of(id) + '\n'));
        CHECK(home.block_on(event_core::flush(core)));
    }
    CHECK(home.block_on(event_core::close(core)));
    files.fail_after(~std::uint64_t{});
    { const event_core next(options, files); }
    CHECK(ids_in(folder / "lake") == numbers(3));
    return files.failed();
}

} // namespace

TEST_CASE("no failing operation loses or repeats an event") {
    for (const bool torn : {false, true}) {
        std::uint64_t healthy = 0;
        while (survives_failure(healthy, torn, sync_policy::batch)) ++healthy;
        CHECK(healthy > 30);
    }
}

TEST_CASE("interval: a failed synchronization is an error of unknown outcome for those who wait for it") {
    const test_support::temporary_folder folder;
    manual_clock time;
    loop home;
    faulty_files files;
    auto options = core_options(folder, time, sync_policy::interval);
    options.rotate_bytes = 1 << 20;
    options.sync_every = 1s;
    const auto core = std::make_shared<event_core>(options, files);
    std::optional<result<void>> outcome;
    home.spawn([](std::shared_ptr<event_core> to, std::optional<result<void>>& into) -> task<void> {
        into = co_await event_core::append(std::move(to), line_of(0));
    }(core, outcome));
    home.poll();
    while (core->stats().written < 1) std::this_thread::yield();
    files.fail_after(0);
    time.advance(1s);
    static_cast<void>(home.block_on(with_timeout(50ms, event_core::flush(core))));
    REQUIRE(outcome);
    CHECK(outcome->error().code() == outcome_unknown_code);
    time.advance(1s);
    CHECK(home.block_on(event_core::close(core)));
    CHECK(ids_in(folder / "lake") == numbers(1));
}

TEST_CASE("a failing allocation drops an event or throws, and the writer goes on") {
    const test_support::temporary_folder folder;
    manual_clock time;
    loop home;
    event_writer writer(core_options(folder, time, sync_policy::never));
    std::int64_t written = 0;
    const feed_test::order_placed one{0, std::string(70000, 'x')};
    for (std::size_t many = 0; many < 8; ++many)
        CHECK(test_support::with_allocations(many, [&] { written += writer.write(one); }));
    const feed_test::order_placed small{0, "small"};
    for (std::size_t many = 0; many < 12; ++many)
        test_support::with_allocations(many, [&] { static_cast<void>(home.block_on(writer.append(small))); });
    CHECK(home.block_on(writer.flush()));
    CHECK(home.block_on(writer.close()));
    const auto counts = writer.stats();
    CHECK(counts.written == counts.accepted);
    CHECK(counts.lost == 0);
    CHECK(ids_in(folder / "lake").size() == counts.written);
}
