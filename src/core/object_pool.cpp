// SPDX-License-Identifier: MIT
#include <weir/core/object_pool.hpp>

#include <algorithm>
#include <deque>
#include <mutex>
#include <new>
#include <vector>

namespace weir::detail {

constinit thread_local thread_shards shards_of_thread;

namespace {

// The number of objects moved between a shard and the depot at once.
constexpr std::size_t batch = pool_shard::size / 2;

// The existing pools, indexed by number: an ending thread returns its shards' objects to them.
struct all_pools {
    std::mutex mutex{};
    std::vector<object_depot*> by_number{};
};

all_pools& pools() {
    static all_pools* const instance = new all_pools; // never destroyed, because threads may end after main()
    return *instance;
}

std::uint64_t next_serial() {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

} // namespace

struct object_depot::state {
    state(std::size_t most, duration idle_time, const clock& time)
        : most(most), idle_time(idle_time), time(time), checked(time.now()) {}

    // Returns false if the depot is full or out of memory.
    bool keep(void* object) noexcept {
        if (ready.size() >= most) return false;
        try {
            ready.push_back(object);
        } catch (const std::bad_alloc&) {
            return false;
        }
        return true;
    }

    void* take() noexcept {
        if (ready.empty()) return nullptr;
        void* const last = ready.back();
        ready.pop_back();
        least = std::min(least, ready.size());
        return last;
    }

    std::size_t take_oldest(std::span<void*> to) noexcept {
        const std::size_t count = std::min(to.size(), ready.size());
        std::copy_n(ready.begin(), count, to.begin());
        ready.erase(ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(count));
        least = std::min(least, ready.size());
        return count;
    }

    bool look_is_due() const noexcept { return time.now() - checked >= idle_time; }

    // Objects that were ready all the time since the last check weren't needed.
    std::size_t count_unused() noexcept {
        if (!look_is_due()) return 0;
        checked = time.now();
        const std::size_t unused = std::min(least, ready.size());
        least = ready.size();
        return unused;
    }

    const std::size_t most;
    const duration idle_time;
    const clock& time;

    mutable std::mutex mutex{};
    std::deque<void*> ready{}; // last in, first out
    std::size_t least = 0;     // the lowest number of ready objects since the last check
    time_point checked;
    std::vector<std::unique_ptr<pool_shard>> shards{};
    std::uint64_t taken_otherwise = 0; // on threads that have ended or have no shard
};

namespace {

// This thread is ending, or can't have shards any more.
constinit thread_local bool thread_is_over = false;

} // namespace

// When a thread ends, returns the objects in its shards to the pools that still exist.
struct object_depot::thread_end {
    thread_end() = default;
    thread_end(const thread_end&) = delete;
    thread_end& operator=(const thread_end&) = delete;
    ~thread_end() {
        thread_is_over = true;
        const thread_shards mine = std::exchange(shards_of_thread, {});
        const std::unique_ptr<thread_shards::entry[]> entries(mine.entries);
        for (std::size_t number = 0; number < mine.size; ++number) give_back(number, entries[number]);
    }

    // Destroys objects without a lock, because their destructors may use pools.
    static void give_back(std::size_t number, const thread_shards::entry& one) noexcept {
        std::array<void*, pool_shard::size> unwanted;
        std::size_t count = 0;
        destroyer destroy = nullptr;
        {
            const std::lock_guard lock(pools().mutex);
            object_depot* const pool = number < pools().by_number.size() ? pools().by_number[number] : nullptr;
            if (!pool || pool->serial_ != one.serial) return;
            count = pool->retire(*one.shard, unwanted);
            destroy = pool->destroy_;
        }
        for (std::size_t i = 0; i < count; ++i) destroy(unwanted[i]);
    }
};

object_depot::object_depot(destroyer destroy, std::size_t max_retained, duration idle_time, const clock& time)
    : destroy_(destroy), serial_(next_serial()), state_(std::make_unique<state>(max_retained, idle_time, time)) {
    const std::lock_guard lock(pools().mutex);
    auto& all = pools().by_number;
    const auto free = std::ranges::find(all, nullptr);
    number_ = static_cast<std::size_t>(free - all.begin());
    if (free == all.end())
        all.push_back(this);
    else
        *free = this;
}

object_depot::~object_depot() {
    {
        const std::lock_guard lock(pools().mutex);
        pools().by_number[number_] = nullptr;
    }
    for (const auto& shard : state_->shards)
        while (void* const object = shard->take()) destroy_(object);
    for (void* const object : state_->ready) destroy_(object);
}

// Returns null if the thread is ending or memory is short.
pool_shard* object_depot::shard_or_new() noexcept {
    if (pool_shard* const known = shard()) return known;
    if (thread_is_over) return nullptr;
    try {
        return add_shard();
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

pool_shard* object_depot::add_shard() {
    static thread_local thread_end end;
    (void)end; // forces its construction
    thread_shards& mine = shards_of_thread;
    if (number_ >= mine.size) {
        const std::size_t size = std::max(number_ + 1, 2 * mine.size);
        auto more = std::make_unique<thread_shards::entry[]>(size);
        std::copy_n(mine.entries, mine.size, more.get());
        const std::unique_ptr<thread_shards::entry[]> before(std::exchange(mine.entries, more.release()));
        mine.size = size;
    }
    auto made = std::make_unique<pool_shard>();
    const std::lock_guard lock(state_->mutex);
    state_->shards.push_back(std::move(made));
    mine.entries[number_] = {serial_, state_->shards.back().get()};
    return mine.entries[number_].shard;
}

void* object_depot::refill() noexcept {
    pool_shard* const mine = shard_or_new();
    void* got = nullptr;
    bool look = false;
    {
        const std::lock_guard lock(state_->mutex);
        if (!mine) ++state_->taken_otherwise;
        got = state_->take();
        for (std::size_t i = 1; mine && i < batch; ++i)
            if (void* const further = state_->take()) mine->give(further);
        look = state_->look_is_due();
    }
    if (mine) mine->count_taken();
    if (look) trim();
    return got;
}

void object_depot::spill(void* object) noexcept {
    pool_shard* const mine = shard_or_new();
    if (mine && mine->give(object)) return;
    std::array<void*, batch + 1> given{object};
    std::size_t count = 1;
    for (; mine && count <= batch; ++count) given[count] = mine->take();
    bool look = false;
    std::size_t unwanted = 0; // number of rejected objects, at the front
    {
        const std::lock_guard lock(state_->mutex);
        for (std::size_t i = 0; i < count; ++i)
            if (!state_->keep(given[i])) given[unwanted++] = given[i];
        look = state_->look_is_due();
    }
    for (std::size_t i = 0; i < unwanted; ++i) drop(given[i]);
    if (look) trim();
}

void object_depot::drop(void* object) noexcept {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    destroy_(object);
}

void object_depot::trim() noexcept {
    std::size_t unused = 0;
    {
        const std::lock_guard lock(state_->mutex);
        unused = state_->count_unused();
    }
    while (unused > 0) {
        std::array<void*, batch> some;
        std::size_t count = 0;
        {
            const std::lock_guard lock(state_->mutex);
            count = state_->take_oldest(std::span(some).first(std::min(unused, some.size())));
        }
        for (std::size_t i = 0; i < count; ++i) drop(some[i]);
        unused = count == 0 ? 0 : unused - count;
    }
}

// Returns how many of the shard's objects are unwanted.
std::size_t object_depot::retire(pool_shard& shard, std::span<void*> unwanted) noexcept {
    std::size_t count = 0;
    const std::lock_guard lock(state_->mutex);
    state_->taken_otherwise += shard.taken.load(std::memory_order_relaxed);
    while (void* const object = shard.take())
        if (!state_->keep(object)) unwanted[count++] = object;
    dropped_.fetch_add(count, std::memory_order_relaxed);
    std::erase_if(state_->shards, [&](const auto& one) { return one.get() == &shard; });
    return count;
}

object_pool_stats object_depot::stats() const {
    const std::lock_guard lock(state_->mutex);
    object_pool_stats now;
    now.taken = state_->taken_otherwise;
    now.made = made_.load(std::memory_order_relaxed);
    now.dropped = dropped_.load(std::memory_order_relaxed);
    now.retained = state_->ready.size();
    for (const auto& shard : state_->shards) {
        now.taken += shard->taken.load(std::memory_order_relaxed);
        now.retained += shard->count.load(std::memory_order_relaxed);
    }
    return now;
}

} // namespace weir::detail
