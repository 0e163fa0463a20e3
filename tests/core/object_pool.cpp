// SPDX-License-Identifier: MIT
// labels: concurrency
#include <weir/core/loop.hpp>
#include <weir/core/object_pool.hpp>

#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// Counts its instances.
struct counted {
    static inline std::atomic<int> alive = 0;

    counted() { ++alive; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --alive; }

    std::atomic<bool> on_loan = false;
    std::string text;
};

using counted_pool = object_pool<counted>;
using handles = std::vector<counted_pool::handle>;

handles take(counted_pool& pool, int count) {
    handles taken;
    for (int i = 0; i < count; ++i) taken.push_back(pool.take());
    return taken;
}

void on_another_thread(const std::function<void()>& f) { std::thread(f).join(); }

} // namespace

TEST_CASE("a returned object is reset and is the next to be taken") {
    object_pool<std::string> buffers([](std::string& s) { s.clear(); });
    const std::string* first = nullptr;
    {
        auto buffer = buffers.take();
        *buffer = "used";
        first = &*buffer;
    }
    auto again = buffers.take();
    CHECK(&*again == first);
    CHECK(again->empty());
    CHECK(buffers.stats().taken == 2);
    CHECK(buffers.stats().made == 1);
    CHECK(buffers.stats().retained == 0);
}

TEST_CASE("a pool creates objects with its option and destroys them with itself") {
    {
        counted_pool pool({.make = [] {
            auto made = std::make_unique<counted>();
            made->text = "made";
            return made;
        }});
        const auto three = take(pool, 3);
        CHECK(three[2]->text == "made");
        CHECK(counted::alive == 3);
    }
    CHECK(counted::alive == 0);
}

TEST_CASE("a thread takes returned objects of other threads before a new one is created") {
    counted_pool pool;
    on_another_thread([&] { take(pool, 40); });
    CHECK(pool.stats().retained == 40);
    const auto here = take(pool, 40);
    CHECK(pool.stats().made == 40);
    CHECK(std::set<counted*>([&] {
              std::set<counted*> all;
              for (const auto& one : here) all.insert(&*one);
              return all;
          }())
              .size() == 40);
}

TEST_CASE("a thread leaves its surplus objects to the others") {
    counted_pool pool;
    take(pool, 40);
    on_another_thread([&] { take(pool, 20); });
    CHECK(pool.stats().made == 40);
}

TEST_CASE("an object may be returned on another loop than it was taken on") {
    counted_pool pool;
    std::optional<counted_pool::handle> moving(pool.take());
    on_another_thread([&] {
        loop other;
        auto give_back = [&]() -> task<void> {
            auto here = std::move(*moving);
            here->text = "there";
            co_return;
        };
        other.block_on(give_back());
        CHECK(pool.take()->text == "there");
    });
    CHECK(pool.take()->text == "there");
    CHECK(pool.stats().made == 1);
}

TEST_CASE("ten thousand uses by a thousand tasks create no more objects than are in use at once") {
    object_pool<std::string> buffers([](std::string& s) { s.clear(); });
    loop home;
    int uses = 0;
    auto use = [&]() -> task<void> {
        for (int i = 0; i < 10; ++i) {
            {
                auto buffer = buffers.take();
                buffer->assign(100, 'x');
                ++uses;
            }
            co_await boost::asio::post(co_await this_task, use_task); // lets the others run
        }
    };
    for (int i = 0; i < 1000; ++i) home.spawn(use());
    while (uses < 10'000) home.poll();
    CHECK(uses == 10'000);
    CHECK(buffers.stats().taken == 10'000);
    CHECK(buffers.stats().made == 1);
}

TEST_CASE("a pool keeps no more than max_retained, plus each thread's own") {
    counted_pool pool({.max_retained = 10});
    take(pool, 100);
    CHECK(pool.stats().retained <= 10 + 16);
    CHECK(pool.stats().dropped >= 100 - 10 - 16);
    CHECK(counted::alive == static_cast<int>(pool.stats().retained));

    counted_pool none({.max_retained = 0});
    take(none, 17);
    CHECK(none.stats().retained <= 16);
}

TEST_CASE("an object rejected by keeps is dropped") {
    counted_pool pool({.reset = [](counted& one) { one.text.clear(); },
                       .keeps = [](const counted& one) { return one.text.capacity() < 1000; }});
    pool.take()->text.assign(10'000, 'x');
    CHECK(pool.stats().dropped == 1);
    CHECK(counted::alive == 0);
    pool.take()->text.assign(10, 'x');
    CHECK(pool.stats().retained == 1);
}

TEST_CASE("an object whose reset throws is dropped, and exceptions of make propagate") {
    counted_pool resets([](counted&) { throw std::runtime_error("reset"); });
    { const auto one = resets.take(); }
    CHECK(resets.stats().dropped == 1);
    CHECK(counted::alive == 0);

    int tries = 0;
    counted_pool makes({.make = [&]() -> std::unique_ptr<counted> {
        if (++tries == 1) throw std::bad_alloc();
        return std::make_unique<counted>();
    }});
    CHECK_THROWS_AS((void)makes.take(), std::bad_alloc);
    CHECK(makes.stats().made == 0);
    { const auto one = makes.take(); }
    CHECK(makes.stats().retained == 1);
}

TEST_CASE("objects unused for the idle time are dropped, used ones stay") {
    manual_clock time;
    counted_pool pool({.idle_time = 1min, .time = &time});
    take(pool, 116);
    CHECK(pool.stats().retained == 116);
    pool.trim();
    CHECK(pool.stats().retained == 116);
    time.advance(1min);
    pool.trim(); // counting of unused objects begins here
    take(pool, 50);
    time.advance(59s);
    pool.trim();
    CHECK(pool.stats().retained == 116);
    time.advance(1s);
    pool.trim();
    const auto left = pool.stats().retained;
    CHECK(left >= 50);
    CHECK(left < 116);
    CHECK(pool.stats().dropped == 116 - left);
    CHECK(counted::alive == static_cast<int>(left));
}

TEST_CASE("a pool without an idle time keeps its objects") {
    manual_clock time;
    counted_pool pool({.idle_time = duration::max(), .time = &time});
    take(pool, 100);
    time.advance(24h * 365);
    pool.trim();
    CHECK(pool.stats().retained == 100);
}

TEST_CASE("an ending thread returns its objects to the pool, if that still exists") {
    counted_pool pool;
    std::atomic<int> step = 0;
    const auto wait_for = [&](int wanted) {
        while (step < wanted) std::this_thread::yield();
    };
    std::optional<counted_pool> short_lived(std::in_place);
    std::thread other([&] {
        take(pool, 3);
        take(*short_lived, 3);
        step = 1;
        wait_for(2);
    });
    wait_for(1);
    short_lived.reset();
    CHECK(counted::alive == 3);
    step = 2;
    other.join();
    take(pool, 3);
    CHECK(pool.stats().made == 3);
    CHECK(pool.stats().taken == 6);
}

TEST_CASE("a pool sees no objects of an earlier pool with the same number") {
    for (int i = 0; i < 3; ++i) {
        counted_pool pool;
        take(pool, 20);
        CHECK(pool.stats().made == 20);
        CHECK(pool.stats().retained == 20);
    }
    CHECK(counted::alive == 0);
}

namespace {

struct nested {
    static inline object_pool<nested>* home = nullptr;
    bool deep = false;

    ~nested() {
        if (deep) (void)home->take();
    }
};

} // namespace

TEST_CASE("a reset and a destructor may use the pool") {
    object_pool<nested> pool({.reset = [](nested& one) {
        if (!one.deep) return;
        one.deep = false;
        (void)nested::home->take();
        throw std::runtime_error("dropped");
    }});
    nested::home = &pool;
    { pool.take()->deep = true; }
    CHECK(pool.stats().dropped == 1);
    CHECK(pool.stats().made == 2);
}

TEST_CASE("no object is on loan twice, whichever threads take and return it") {
    counted_pool pool({.max_retained = 50, .idle_time = duration::zero()});
    std::atomic<int> doubles = 0;
    const auto work = [&](unsigned seed) {
        handles held;
        for (int i = 0; i < 20'000; ++i) {
            seed = seed * 1'664'525 + 1'013'904'223;
            if (held.size() < 40 && (seed >> 16) % 2 == 0) {
                held.push_back(pool.take());
                if (held.back()->on_loan.exchange(true)) ++doubles;
            } else if (!held.empty()) {
                held.back()->on_loan = false;
                held.pop_back();
            }
        }
        for (const auto& one : held) one->on_loan = false;
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
    for (auto& thread : threads) thread.join();
    CHECK(doubles == 0);
    CHECK(pool.stats().made - pool.stats().dropped == pool.stats().retained);
    CHECK(counted::alive == static_cast<int>(pool.stats().retained));
}
