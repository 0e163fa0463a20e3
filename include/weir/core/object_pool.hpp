// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

namespace weir {

struct object_pool_stats {
    std::uint64_t taken = 0;   ///< objects, over all time, as the next two
    std::uint64_t made = 0;    ///< of them because none was ready
    std::uint64_t dropped = 0; ///< instead of being kept: too many, not worth keeping, unused, or their reset threw
    std::size_t retained = 0;  ///< objects that are ready
};

template<class T>
struct object_pool_options {
    std::function<std::unique_ptr<T>()> make{};   ///< none given: T()
    void (*reset)(T&) = nullptr;                  ///< when an object comes back; one that throws drops the object
    bool (*keeps)(const T&) = nullptr;            ///< after that; false drops it, such as a buffer that has grown large
    std::size_t max_retained = 1024;              ///< objects ready, and for each thread up to 16 beside them
    duration idle_time = std::chrono::minutes(1); ///< objects that weren't needed for so long go; max(): never
    const weir::clock* time = &system_clock();    ///< outlives the pool
};

namespace detail {

// What an object_pool keeps for one thread, which alone takes from it and gives to it; others read the counts.
struct pool_shard {
    static constexpr std::uint32_t size = 16;

    std::array<void*, size> items{};
    std::atomic<std::uint32_t> count{0};
    std::atomic<std::uint64_t> taken{0};

    void count_taken() noexcept { taken.store(taken.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }

    void* take() noexcept {
        const std::uint32_t ready = count.load(std::memory_order_relaxed);
        if (ready == 0) return nullptr;
        count.store(ready - 1, std::memory_order_relaxed);
        return items[ready - 1];
    }

    bool give(void* object) noexcept {
        const std::uint32_t ready = count.load(std::memory_order_relaxed);
        if (ready == size) return false;
        items[ready] = object;
        count.store(ready + 1, std::memory_order_relaxed);
        return true;
    }
};

// The shards of one thread by their pools' numbers. Another pool may have had a number before: serials never come
// again.
struct thread_shards {
    struct entry {
        std::uint64_t serial = 0;
        pool_shard* shard = nullptr;
    };

    entry* entries = nullptr;
    std::size_t size = 0;
};
extern constinit thread_local thread_shards shards_of_thread;

// What the threads share, without the objects' type: where shards are filled from and emptied into. Thread-safe.
class object_depot {
public:
    using destroyer = void (*)(void*) noexcept;

    object_depot(destroyer destroy, std::size_t max_retained, duration idle_time, const clock& time);
    // No thread uses the pool any more.
    ~object_depot();
    object_depot(const object_depot&) = delete;
    object_depot& operator=(const object_depot&) = delete;

    // This thread's shard; null until it has one.
    pool_shard* shard() const noexcept {
        const thread_shards& mine = shards_of_thread;
        if (number_ >= mine.size || mine.entries[number_].serial != serial_) return nullptr;
        return mine.entries[number_].shard;
    }

    // An object where the thread's shard has none, and some for the shard; null where none is there either.
    void* refill() noexcept;
    // Keeps an object for which the thread's shard has no room, with half of what the shard has; or the thread gets
    // one.
    void spill(void* object) noexcept;
    void drop(void* object) noexcept;
    void count_made() noexcept { made_.fetch_add(1, std::memory_order_relaxed); }
    // Drops what wasn't needed since the last time.
    void trim() noexcept;

    object_pool_stats stats() const;

private:
    struct state;
    struct thread_end;

    pool_shard* shard_or_new() noexcept;
    pool_shard* add_shard();
    std::size_t retire(pool_shard& shard, std::span<void*> unwanted) noexcept;

    const destroyer destroy_;
    const std::uint64_t serial_;
    std::size_t number_ = 0;
    std::atomic<std::uint64_t> made_{0};
    std::atomic<std::uint64_t> dropped_{0};
    std::unique_ptr<state> state_;
};

} // namespace detail

/// Objects that are used again instead of being made and destroyed, in the manner of Go's sync.Pool
/// (https://pkg.go.dev/sync#Pool). Each thread keeps up to 16 of its own, so that taking one and giving it back needs
/// neither a lock nor memory; what it has beyond them is the others', and a thread that has none takes of these before
/// one is made. Thread-safe; an object may be given back on another thread than it was taken on. Process-wide.
///
///     object_pool<std::string> buffers([](std::string& s) { s.clear(); });
///     auto buffer = buffers.take(); // goes back, cleared, when it leaves its scope
template<class T>
class object_pool {
public:
    /// An object on loan: back in the pool when this ends. Doesn't outlive the pool.
    class handle {
    public:
        handle(handle&& other) noexcept : from_(other.from_), object_(std::exchange(other.object_, nullptr)) {}
        handle& operator=(handle&& other) noexcept {
            handle taken(std::move(other));
            std::swap(from_, taken.from_);
            std::swap(object_, taken.object_);
            return *this;
        }
        ~handle() {
            if (object_) from_->give(object_);
        }

        T& operator*() const noexcept { return *object_; }
        T* operator->() const noexcept { return object_; }

    private:
        friend class object_pool;
        handle(object_pool& from, T* object) noexcept : from_(&from), object_(object) {}

        object_pool* from_;
        T* object_;
    };

    explicit object_pool(object_pool_options<T> options = {})
        : options_(std::move(options)), depot_(&destroy, options_.max_retained, options_.idle_time, *options_.time) {}
    explicit object_pool(void (*reset)(T&)) : object_pool(object_pool_options<T>{.reset = reset}) {}
    object_pool(const object_pool&) = delete;
    object_pool& operator=(const object_pool&) = delete;
    /// Destroys the objects that are ready. No object is on loan any more.
    ~object_pool() = default;

    /// An object that is ready, or a new one. Throws what `make` throws.
    [[nodiscard]] handle take() {
        detail::pool_shard* const shard = depot_.shard();
        if (void* const ready = shard ? shard->take() : nullptr) [[likely]] {
            shard->count_taken();
            return handle(*this, static_cast<T*>(ready));
        }
        return handle(*this, take_elsewhere());
    }

    /// Drops the objects that weren't needed for idle_time. Threads do so by themselves as they take and give.
    void trim() noexcept { depot_.trim(); }

    object_pool_stats stats() const { return depot_.stats(); }

private:
    static void destroy(void* object) noexcept { delete static_cast<T*>(object); }

    T* take_elsewhere() {
        if (void* const ready = depot_.refill()) return static_cast<T*>(ready);
        auto made = options_.make ? options_.make() : std::make_unique<T>();
        depot_.count_made();
        return made.release();
    }

    void give(T* object) noexcept {
        if (!fit(*object)) return depot_.drop(object);
        detail::pool_shard* const shard = depot_.shard();
        if (!shard || !shard->give(object)) [[unlikely]]
            depot_.spill(object);
    }

    bool fit(T& object) noexcept {
        try {
            if (options_.reset) options_.reset(object);
            return !options_.keeps || options_.keeps(object);
        } catch (...) {
            return false;
        }
    }

    const object_pool_options<T> options_;
    detail::object_depot depot_;
};

} // namespace weir
