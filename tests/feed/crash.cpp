// SPDX-License-Identifier: MIT
// labels: integration
#include "feed/event_reader.hpp"
#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"
#include <weir/core/loop.hpp>
#include <weir/feed/event_writer.hpp>

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

using namespace weir;
using feed_test::files_in;
using feed_test::ids_in;
using feed_test::numbers;

namespace {

std::int64_t last_durable(const std::string& lines) {
    const std::size_t end = lines.rfind('\n');
    const std::size_t at = lines.rfind("durable ", end);
    return std::strtoll(lines.c_str() + at + 8, nullptr, 10);
}

event_writer_options options_for(const std::string& folder, event_compression how) {
    event_writer_options all;
    all.folder = folder;
    all.prefix = "orders";
    all.compression = how;
    return all;
}

void recover_now(const event_writer_options& options) {
    event_writer next(options);
    loop home;
    CHECK(home.block_on(next.close()));
}

void kill_and_recover(const char* name, event_compression how) {
    for (int round = 0; round < 5; ++round) {
        const test_support::temporary_folder folder;
        test_support::child_process child(WEIR_CRASH_CHILD, {folder.path().string(), name}, {});
        child.line_with("durable " + std::to_string(20 + round * 13) + "\n");
        child.signal(SIGKILL);
        child.wait();
        const std::int64_t durable = last_durable(child.errors());

        recover_now(options_for(folder.path().string(), how));
        CHECK(files_in(folder.path(), ".part").empty());
        const auto ids = ids_in(folder.path());
        CHECK(static_cast<std::int64_t>(ids.size()) > durable);
        CHECK(ids == numbers(static_cast<std::int64_t>(ids.size())));
    }
}

} // namespace

TEST_CASE("after a kill in mid-write the next start completes the file, and nothing durable is lost") {
    SUBCASE("gzip") { kill_and_recover("gzip", event_compression::gzip); }
    SUBCASE("plain") { kill_and_recover("plain", event_compression::none); }
}

TEST_CASE("a start leaves alone the unfinished file of a process that still runs") {
    const test_support::temporary_folder folder;
    test_support::child_process child(WEIR_CRASH_CHILD, {folder.path().string(), "gzip"}, {});
    child.line_with("durable 3\n");
    child.signal(SIGSTOP);
    const auto before = files_in(folder.path(), ".part");
    recover_now(options_for(folder.path().string(), event_compression::gzip));
    CHECK(files_in(folder.path(), ".part") == before);
}

TEST_CASE("a torn batch is cut off, and a file without a whole batch is deleted") {
    const test_support::temporary_folder folder;
    const std::string name = "orders-20260101T000000Z-host-1-00000";
    const auto part = [&](const char* number, const char* suffix) { return name + number + suffix + ".part"; };
    folder.put(part("1", ".jsonl"), "{\"order_id\":0,\"note\":\"\"}\n{\"order_id\":1,\"no");
    folder.put(part("2", ".jsonl"), "{\"order");
    folder.put(part("3", ".jsonl.gz"), "no gzip");
    folder.put(part("4", ".jsonl.gz"), "");
    folder.put("orders-eu-20260101T000000Z-host-1-000001.jsonl.part", "{\"order");

    std::vector<event_writer_event::what> seen;
    std::uint64_t discarded = 0;
    event_writer_options watched = options_for(folder.path().string(), event_compression::gzip);
    watched.on_event = [&](const event_writer_event& one) {
        seen.push_back(one.kind);
        discarded += one.discarded_bytes;
    };
    recover_now(watched);
    CHECK(ids_in(folder.path()) == numbers(1));
    CHECK(files_in(folder.path(), ".part").size() == 1);
    CHECK(std::ranges::count(seen, event_writer_event::what::recovered) == 1);
    CHECK(std::ranges::count(seen, event_writer_event::what::discarded) == 3);
    CHECK(discarded == 17 + 7 + 7);
}
