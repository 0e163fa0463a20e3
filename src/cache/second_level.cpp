// SPDX-License-Identifier: MIT
#include <weir/cache/detail/second_level.hpp>
#include <weir/core/deadline.hpp>
#include <weir/core/loop.hpp>

#include <chrono>
#include <utility>

namespace weir::detail {

namespace {

constexpr std::size_t most_erasures = 10'000;
constexpr std::size_t erasures_per_call = 16; // before a value is asked for

// Opens when half of the last few calls failed, for 100 ms and then for up to 5 s.
circuit_breaker_options breaker_options(const second_level_options& given) {
    circuit_breaker_options made{.name = "cache_store", .window_calls = 4, .minimum_calls = 2};
    made.open_for = std::chrono::milliseconds(100);
    made.open_backoff = 2;
    made.max_open_for = std::chrono::seconds(5);
    made.probes = 1;
    made.probe_timeout = given.timeout;
    made.time = given.time;
    return made;
}

} // namespace

second_level::second_level(cache_store& store, second_level_options options)
    : store_(store), options_(std::move(options)), breaker_(breaker_options(options_)) {}

bool second_level::is_skipped(const std::string& name) const {
    const time_point now = options_.time->now();
    const std::lock_guard lock(mutex_);
    return now < skipped_until_ || erasures_.contains(name);
}

task<second_level_entry> second_level::get(std::string_view name) {
    second_level_entry known;
    (void)co_await flush(erasures_per_call);
    auto permit = breaker_.try_acquire();
    if (!permit || is_skipped(std::string(name))) {
        const std::lock_guard lock(mutex_);
        ++stats_.skipped;
        co_return known;
    }
    auto got = co_await with_timeout(options_.timeout, store_.get(name));
    const executor here = co_await this_task;
    const std::lock_guard lock(mutex_);
    if (!got) {
        // the caller's own deadline says nothing of the store
        if (here.context().deadline() > here.context().loop().clock().now()) permit->fail(got.error());
        ++stats_.failures;
        co_return known;
    }
    permit->succeed();
    ++(got->value ? stats_.hits : stats_.misses);
    known.answered = true;
    known.entry = std::move(*got);
    co_return known;
}

task<void> second_level::write(std::shared_ptr<second_level> self, std::string name, std::string bytes, duration ttl,
                               std::uint64_t lease) {
    auto permit = self->breaker_.try_acquire();
    if (!permit || self->is_skipped(name)) co_return;
    auto stored = co_await with_timeout(self->options_.timeout, self->store_.set(name, bytes, ttl, lease));
    const std::lock_guard lock(self->mutex_);
    if (!stored) {
        permit->fail(stored.error());
        ++self->stats_.failures;
        co_return;
    }
    permit->succeed();
    ++(*stored ? self->stats_.written : self->stats_.outdated);
}

void second_level::note_erasure(std::string name) {
    const time_point until = later(options_.time->now(), options_.ttl);
    const std::lock_guard lock(mutex_);
    if (erasures_.size() < most_erasures || erasures_.contains(name))
        erasures_[std::move(name)] = ++notes_;
    else
        skipped_until_ = until; // by then all values written so far have ended
}

std::optional<std::pair<std::string, std::uint64_t>> second_level::next_erasure() const {
    const std::lock_guard lock(mutex_);
    if (erasures_.empty()) return std::nullopt;
    return *erasures_.begin();
}

task<result<void>> second_level::erase(const std::string& name) {
    auto permit = breaker_.try_acquire();
    if (!permit) co_return permit.error();
    auto erased = co_await with_timeout(options_.timeout, store_.erase(name));
    if (erased) {
        permit->succeed();
        co_return erased;
    }
    permit->fail(erased.error());
    const std::lock_guard lock(mutex_);
    ++stats_.failures;
    co_return erased;
}

// A name that is noted again meanwhile is erased again.
task<result<void>> second_level::flush(std::size_t most) {
    for (; most > 0; --most) {
        const auto next = next_erasure();
        if (!next) break;
        auto erased = co_await erase(next->first);
        if (!erased) co_return erased;
        const std::lock_guard lock(mutex_);
        const auto noted = erasures_.find(next->first);
        if (noted != erasures_.end() && noted->second == next->second) erasures_.erase(noted);
    }
    co_return ok();
}

second_level_stats second_level::stats() const {
    const std::lock_guard lock(mutex_);
    return stats_;
}

std::size_t second_level::unsent() const {
    const std::lock_guard lock(mutex_);
    return erasures_.size();
}

} // namespace weir::detail
