// SPDX-License-Identifier: MIT
// labels: concurrency
#include "integration/orm/drill.hpp"
#include "orm/outbox/outbox_fixture.hpp"
#include <weir/orm/processed_messages.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

namespace {

constexpr int keys = 20;

// Counts what relays of several threads publish.
class published_events {
public:
    void note(const message& one) {
        const std::lock_guard lock(mutex_);
        ++all_;
        const int number = std::stoi(one.body);
        if (!seen_.insert(number).second) return;
        const auto [last, is_first] = last_.try_emplace(one.key, number);
        in_order_ = in_order_ && (is_first || last->second < number);
        last->second = number;
        changed_.notify_all();
    }

    // Waits for this many different events.
    void wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, 1min, [&] { return seen_.size() >= count; }))
            throw std::runtime_error("only " + std::to_string(seen_.size()) + " events came");
    }

    std::size_t all() const {
        const std::lock_guard lock(mutex_);
        return all_;
    }
    // Whether each key's messages came in their order, apart from repetitions.
    bool in_order() const {
        const std::lock_guard lock(mutex_);
        return in_order_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::set<int> seen_;
    std::map<std::string, int> last_;
    std::size_t all_ = 0;
    bool in_order_ = true;
};

// A relay with a database handle of its own, on a thread of its own: like another process.
class relay_thread {
public:
    relay_thread(const database_options& there, published_events& to, outbox_relay_options options)
        : thread_([this, there, &to, options] { run(there, to, options); }) {}
    relay_thread(const relay_thread&) = delete;
    relay_thread& operator=(const relay_thread&) = delete;
    ~relay_thread() { stop(); }

    // Ends it where it is, as a crash does: the loop's tasks are destroyed.
    void kill() {
        killed_ = true;
        stop();
    }
    void stop() {
        if (!thread_.joinable()) return;
        running_.get_future().get()->stop();
        thread_.join();
    }

private:
    void run(const database_options& there, published_events& to, const outbox_relay_options& options) {
        database db(there);
        orm::outbox_store store(db);
        scripted_queue queue;
        queue.answer = [&to](const message& one) -> task<result<void>> {
            (void)co_await sleep_for(1ms); // a broker's confirmation
            to.note(one);
            co_return ok();
        };
        std::optional<loop> home(std::in_place);
        outbox_relay relay(store, queue, options);
        relay.start(*home);
        home->post([&] { running_.set_value(&*home); });
        home->run();
        if (!killed_) home->block_on(relay.stop()).value();
        home.reset(); // before what its tasks refer to
    }

    std::promise<loop*> running_;
    std::atomic<bool> killed_{false};
    std::thread thread_;
};

outbox_relay_options quick_options() {
    outbox_relay_options options;
    options.batch = 50;
    options.lease = 2s;
    options.poll = 5ms;
    options.max_poll = 50ms;
    options.backoff = 50ms;
    options.max_backoff = 100ms;
    return options;
}

struct outbox_database : open_database {
    orm::outbox_store store{db};

    explicit outbox_database(const backend& chosen) : open_database(chosen) { ask(store.prepare()).value(); }

    // Adds events with these numbers, ten per transaction.
    void add(int first, int last) {
        for (int at = first; at < last; at += 10) {
            auto body = [&](transaction& tx) -> result<void> {
                for (int i = at; i < std::min(at + 10, last); ++i) {
                    auto event = message("events", std::to_string(i)).with_key("k" + std::to_string(i % keys));
                    if (auto added = store.add(tx, std::move(event)); !added) return added;
                }
                return ok();
            };
            ask(db.transaction(body)).value();
        }
    }
    std::vector<std::string> claimed(std::size_t most = 100) {
        std::vector<std::string> bodies;
        for (const auto& one : ask(store.claim("other", most, 1 << 20, 1min)).value())
            bodies.push_back(one.content.body);
        return bodies;
    }
    std::size_t pending_rows() { return ask(store.depth()).value().pending; }
};

// Asks the database until nothing is left.
void wait_until_empty(outbox_database& on) {
    const auto late = std::chrono::steady_clock::now() + 1min;
    for (;;) {
        const auto depth = on.ask(on.store.depth());
        if (depth && depth->pending == 0) return;
        if (std::chrono::steady_clock::now() > late) throw std::runtime_error("the outbox doesn't become empty");
    }
}

using strings = std::vector<std::string>;

} // namespace

DATABASE_TEST_CASE("an outbox stores a message and its claims on every database") {
    outbox_database on(kind);
    const std::string bytes("\0\xff'\\?", 5);
    auto given = message("events", bytes).with_key("ключ").with_id("id").with_header("a", "ü\"");
    auto body = [&](transaction& tx) { return on.store.add(tx, given); };
    on.ask(on.db.transaction(body)).value();
    CHECK(on.ask(on.store.depth()).value().pending == 1);
    CHECK(on.ask(on.store.depth()).value().oldest < 1min);
    const auto claim = on.ask(on.store.claim("h", 10, 1000, 1min)).value();
    REQUIRE(claim.size() == 1);
    CHECK(claim[0].content.body == bytes);
    CHECK(claim[0].content.key == given.key);
    CHECK(claim[0].content.headers == given.headers);
    CHECK(on.claimed().empty());
    const std::vector<outbox_outcome> failed{
        {.row = claim[0].row, .kind = outbox_outcome::what::failed, .failure = errc::unavailable}};
    CHECK(on.ask(on.store.settle("h", failed)).value() == 1);
    const auto again = on.ask(on.store.claim("h", 10, 1000, 1min)).value();
    REQUIRE(again.size() == 1);
    CHECK(again[0].failures == 1);
    const std::vector<outbox_outcome> done{{.row = again[0].row, .kind = outbox_outcome::what::published}};
    CHECK(on.ask(on.store.settle("x", done)).value() == 0);
    CHECK(on.ask(on.store.settle("h", done)).value() == 1);
    CHECK(on.pending_rows() == 0);
}

DATABASE_TEST_CASE("2,000 events reach the queue at least once, in their keys' order, though one of two relays dies") {
    outbox_database on(kind);
    published_events seen;
    {
        relay_thread dies(on.where.options(), seen, quick_options());
        relay_thread stays(on.where.options(), seen, quick_options());
        auto adding = std::async(std::launch::async, [&] {
            // its own database handle, as in another process
            database db(on.where.options());
            orm::outbox_store store(db);
            loop home;
            for (int i = 0; i < 2000; i += 10) {
                auto body = [&](transaction& tx) -> result<void> {
                    for (int n = i; n < i + 10; ++n) {
                        auto event = message("events", std::to_string(n)).with_key("k" + std::to_string(n % keys));
                        if (auto added = store.add(tx, std::move(event)); !added) return added;
                    }
                    return ok();
                };
                home.block_on(db.transaction(body)).value();
            }
        });
        seen.wait_for(300);
        dies.kill();
        adding.get();
        seen.wait_for(2000);
        wait_until_empty(on);
    }
    CHECK(seen.in_order());
    CHECK(seen.all() >= 2000);
    CHECK(seen.all() <= 2000 + quick_options().batch);
}

DATABASE_TEST_CASE("a message is processed for the first time by one of several concurrent transactions") {
    open_database on(kind);
    orm::processed_messages processed(on.db, {.consumer = "points"});
    on.ask(processed.prepare()).value();
    std::atomic<int> firsts{0};
    const auto process_all = [&] {
        database db(on.where.options());
        orm::processed_messages mine(db, {.consumer = "points"});
        loop home;
        for (int i = 0; i < 50; ++i) {
            bool first = false;
            auto body = [&](transaction& tx) -> result<void> {
                auto noted = mine.first_time(tx, std::to_string(i));
                if (!noted) return noted.error();
                first = *noted;
                return ok();
            };
            home.block_on(db.transaction(body)).value();
            firsts += first ? 1 : 0;
        }
    };
    auto other = std::async(std::launch::async, process_all);
    process_all();
    other.get();
    CHECK(firsts == 50);
    auto twice = [&](transaction& tx) -> result<bool> {
        CHECK(!processed.first_time(tx, "7").value());
        return processed.first_time(tx, "new");
    };
    CHECK(on.ask(on.db.transaction(twice)).value());
    CHECK(on.ask(processed.forget_old()).value() == 0);
}

#ifdef WEIR_SERVERS
SERVER_TEST_CASE("a claim leaves out rows that another transaction locks, and later ones of their keys") {
    running_server(kind);
    outbox_database on(kind);
    on.add(0, 40); // each key twice: 0 and 20, 1 and 21, ...
    std::promise<void> locked;
    std::promise<void> enough;
    auto holder = [&](transaction& tx) -> result<void> {
        auto row = tx.where<orm::outbox_row>(col<&orm::outbox_row::id> == 4).for_update().one();
        if (!row) return row.error();
        locked.set_value();
        enough.get_future().wait();
        return ok();
    };
    pending<void> held(on.home, on.db.transaction(holder));
    locked.get_future().wait();
    const auto bodies = on.claimed();
    enough.set_value();
    CHECK(held.wait_on(on.home));
    CHECK(bodies.size() == 38);
    for (const char* absent : {"3", "23"}) CHECK(std::ranges::count(bodies, absent) == 0);
    CHECK(on.claimed() == strings{"3", "23"});
}

SERVER_TEST_CASE("a relay whose database is killed goes on when it is back, and loses nothing") {
    auto& server = running_server(kind);
    outbox_database on(kind);
    on.add(0, 600);
    published_events seen;
    relay_thread relay(on.where.options(), seen, quick_options());
    seen.wait_for(100);
    server.kill();
    server.start();
    seen.wait_for(600);
    wait_until_empty(on);
    relay.stop();
    CHECK(seen.in_order());
}
#endif
