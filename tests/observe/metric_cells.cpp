// SPDX-License-Identifier: MIT
// labels: unit concurrency
#include <weir/observe/metrics.hpp>

#include <doctest/doctest.h>

#include <latch>
#include <thread>

using namespace weir;

namespace {

// Runs `f(index)` on `count` threads that all live at the same time.
template<class F>
void on_threads(int count, F f) {
    std::latch together(count);
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i)
        threads.emplace_back([&, i] {
            together.arrive_and_wait();
            f(i);
            together.wait();
        });
}

} // namespace

TEST_CASE("two threads count concurrently while a third reads, and the sum is exact") {
    constexpr int each = 50'000;
    metrics all;
    counter& hits = all.counter("hits_total", "Hits");
    gauge& open = all.gauge("open", "Open");
    histogram& sizes = all.histogram("sizes", "Sizes", {1, 2});
    std::atomic<bool> done = false;
    std::jthread scraper([&] {
        std::uint64_t before = 0;
        while (!done) {
            const std::uint64_t now = hits.value();
            CHECK(now >= before);
            before = now;
            CHECK(!all.text().empty());
        }
    });
    on_threads(2, [&](int) {
        for (int n = 0; n < each; ++n) {
            hits.add();
            open.add(2);
            sizes.observe(n % 3 + 0.5);
            open.sub();
        }
    });
    done = true;
    scraper.join();
    CHECK(hits.value() == 2 * each);
    CHECK(open.value() == 2 * each);
    CHECK(sizes.count() == 2 * each);
    CHECK(sizes.in_bucket(2) == 2 * (each / 3));
}

TEST_CASE("threads beyond the number of slots share the last one and lose nothing") {
    constexpr int threads = 3 * static_cast<int>(detail::thread_slots);
    metrics all;
    counter& hits = all.counter("hits_total", "Hits");
    gauge& open = all.gauge("open", "Open");
    std::atomic<int> sharing = 0;
    std::latch everybody(threads);
    on_threads(threads, [&](int) {
        sharing += detail::thread_slot() == detail::shared_slot;
        everybody.arrive_and_wait(); // keeps all slots taken
        for (int n = 0; n < 1000; ++n) {
            hits.add();
            open.add(0.5);
        }
    });
    CHECK(sharing > 2 * static_cast<int>(detail::thread_slots));
    CHECK(hits.value() == threads * 1000);
    CHECK(open.value() == threads * 500);
}

TEST_CASE("a thread's count survives its end and the reuse of its slot") {
    metrics all;
    counter& hits = all.counter("hits_total", "Hits");
    unsigned first = 0;
    unsigned second = 0;
    std::thread([&] { hits.add(), first = detail::thread_slot(); }).join();
    std::thread([&] { hits.add(), second = detail::thread_slot(); }).join();
    CHECK(first == second);
    CHECK(first != detail::shared_slot);
    CHECK(hits.value() == 2);
}

TEST_CASE("a thread that counts while it ends is counted too") {
    metrics all;
    counter& hits = all.counter("hits_total", "Hits");
    struct last_words {
        counter* to = nullptr;
        ~last_words() { to->add(10); }
    };
    std::thread([&] {
        thread_local last_words late; // created before the slot is taken, so destroyed after it is released
        late.to = &hits;
        hits.add();
    }).join();
    CHECK(hits.value() == 11);
}

TEST_CASE("threads that create series concurrently get the same ones, and the limit holds") {
    metrics all({.max_series = 50});
    const auto hits = all.counters("hits_total", "Hits", {"n"});
    on_threads(4, [&](int) {
        for (int n = 0; n < 100; ++n) hits.with(std::to_string(n)).add();
    });
    for (int n = 0; n < 50; ++n) CHECK(hits.with(std::to_string(n)).value() == 4);
    CHECK(hits.with("overflow").value() == 200);
}

TEST_CASE("the cells of different slots are separate") {
    detail::cell_arena arena;
    const detail::metric_cell* one = arena.allocate(0, 1);
    const detail::metric_cell* two = arena.allocate(1, 1);
    const detail::metric_cell* next = arena.allocate(0, 1);
    const detail::metric_cell* large = arena.allocate(0, 10'000);
    CHECK(next == one + 1);
    const auto line = [](const void* at) { return reinterpret_cast<std::uintptr_t>(at) / 64; };
    CHECK(line(one) != line(two));
    CHECK(line(large) != line(two));
    CHECK(std::all_of(large, large + 10'000, [](const auto& cell) { return cell.load() == 0; }));
}
