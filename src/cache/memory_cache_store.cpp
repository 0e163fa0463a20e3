// SPDX-License-Identifier: MIT
#include <weir/cache/cache.hpp>
#include <weir/cache/memory_cache_store.hpp>

#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir {

namespace {

struct timed_bytes {
    std::string bytes{};
    time_point dies{};
};

// The erasures that leases are compared with. It remembers the last ones; older leases are refused.
class erasures {
public:
    std::uint64_t lease() const noexcept { return last_; }

    void add(std::string_view key) {
        auto& at = last_of_[std::string(key)];
        order_.emplace_back(key, last_ + 1);
        at = ++last_;
        if (order_.size() <= most) return;
        const auto oldest = last_of_.find(order_.front().first);
        if (oldest != last_of_.end() && oldest->second == order_.front().second) last_of_.erase(oldest);
        forgotten_ = order_.front().second;
        order_.pop_front();
    }

    bool allow(std::string_view key, std::uint64_t lease) const {
        if (lease <= forgotten_) return false;
        const auto at = last_of_.find(std::string(key));
        return at == last_of_.end() || at->second <= lease;
    }

private:
    static constexpr std::size_t most = 10'000;

    std::unordered_map<std::string, std::uint64_t> last_of_{};
    std::deque<std::pair<std::string, std::uint64_t>> order_{};
    std::uint64_t last_ = 1; // a lease is never 0
    std::uint64_t forgotten_ = 0;
};

cache_options options_of(const memory_cache_store_options& given) {
    cache_options made{.size = given.size, .bytes = given.bytes, .ttl = duration::max(), .ttl_jitter = 0};
    made.time = given.time;
    return made;
}

} // namespace

struct memory_cache_store::state {
    struct listener {
        std::string prefix;
        cache_feed to;
    };

    explicit state(const memory_cache_store_options& given)
        : time(given.time), values(options_of(given), [](const std::string& key, const timed_bytes& value) {
              return key.size() + value.bytes.size();
          }) {}

    // The feeds are called without the lock, so they may use the store.
    std::vector<std::shared_ptr<listener>> listeners() {
        std::vector<std::shared_ptr<listener>> all;
        const std::lock_guard lock(mutex);
        std::erase_if(feeds, [](const auto& one) { return one.expired(); });
        for (const auto& one : feeds)
            if (auto held = one.lock()) all.push_back(std::move(held));
        return all;
    }

    const weir::clock* const time;
    cache<std::string, timed_bytes> values;
    std::mutex mutex{}; // guards the following, and orders `set` and `erase`
    erasures erased{};
    std::vector<std::weak_ptr<listener>> feeds{};
};

memory_cache_store::memory_cache_store(memory_cache_store_options options) : state_(std::make_shared<state>(options)) {}
memory_cache_store::~memory_cache_store() = default;

task<result<cache_store_entry>> memory_cache_store::get(std::string_view key) {
    const auto in = state_;
    cache_store_entry entry;
    {
        const std::lock_guard lock(in->mutex);
        entry.lease = in->erased.lease();
    }
    const auto found = in->values.find(key);
    const time_point now = in->time->now();
    if (!found || found->dies <= now) co_return entry;
    entry.value = found->bytes;
    entry.ttl = found->dies - now;
    co_return entry;
}

task<result<bool>> memory_cache_store::set(std::string_view key, std::string_view value, duration ttl,
                                           std::uint64_t lease) {
    const auto in = state_;
    timed_bytes stored{std::string(value), detail::later(in->time->now(), ttl)};
    const std::lock_guard lock(in->mutex);
    if (lease != 0 && !in->erased.allow(key, lease)) co_return false;
    in->values.put(
        std::string(key),
        loaded_value<timed_bytes>{.value = std::make_shared<const timed_bytes>(std::move(stored)), .ttl = ttl});
    co_return true;
}

task<result<void>> memory_cache_store::erase(std::string_view key) {
    const auto in = state_;
    {
        const std::lock_guard lock(in->mutex);
        in->erased.add(key);
        in->values.erase(key);
    }
    for (const auto& one : in->listeners())
        if (key.starts_with(one->prefix) && one->to.on_erase) one->to.on_erase(key);
    co_return ok();
}

std::shared_ptr<void> memory_cache_store::subscribe(std::string_view prefix, cache_feed to) {
    auto made = std::make_shared<state::listener>(state::listener{std::string(prefix), std::move(to)});
    const std::lock_guard lock(state_->mutex);
    state_->feeds.push_back(made);
    return made;
}

void memory_cache_store::report_gap() {
    for (const auto& one : state_->listeners())
        if (one->to.on_gap) one->to.on_gap();
}

} // namespace weir
