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
    std::uint64_t taken = 0;   ///< objects taken over the pool's lifetime, like the next two counts
    std::uint64_t made = 0;    ///< objects created because none was ready
    std::uint64_t dropped = 0; ///< objects destroyed: too many, rejected by `keeps`, idle, or their reset threw
    std::size_t retained = 0;  ///< objects ready
};

template<class T>
struct object_pool_options {
    std::function<std::unique_ptr<T>()> make{};   ///< creates an object; empty means T()
    void (*reset)(T&) = nullptr;                  ///< called when an object comes back; a throw drops the object
    bool (*keeps)(const T&) = nullptr;            ///< called after reset; false drops the object, e.g. a large buffer
    std::size_t max_retained = 1024;              ///< objects kept ready, plus up to 16 per thread
    duration idle_time = std::chrono::minutes(1); ///< objects unused for this long are dropped; max() means never
    const weir::clock* time = &system_clock();    ///< must outlive the pool
};

namespace detail {

// The objects that a pool keeps for one thread. Only that thread takes and gives; others read the counts.
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

// The shards of one thread, indexed by pool number. Numbers are reused but serials aren't, so the serial detects a
// shard of an earlier pool.
struct thread_shards {
    struct entry {
        std::uint64_t serial = 0;
        pool_shard* shard = nullptr;
    };

    entry* entries = nullptr;
    std::size_t size = 0;
};
extern constinit thread_local thread_shards shards_of_thread;

// The part shared by all threads, without the objects' type: shards are filled from it and emptied into it.
// Thread-safe.
class object_depot {
public:
    using destroyer = void (*)(void*) noexcept;

    object_depot(destroyer destroy, std::size_t max_retained, duration idle_time, const clock& time);
    // No thread may use the pool any more.
    ~object_depot();
    object_depot(const object_depot&) = delete;
    object_depot& operator=(const object_depot&) = delete;

    // This thread's shard; null if it has none yet.
    pool_shard* shard() const noexcept {
        const thread_shards& mine = shards_of_thread;
        if (number_ >= mine.size || mine.entries[number_].serial != serial_) return nullptr;
        return mine.entries[number_].shard;
    }

    // Returns an object when the thread's shard is empty, and refills the shard; null if the depot is empty too.
    void* refill() noexcept;
    // Stores an object that doesn't fit into the thread's shard, along with half of the shard; creates the shard if the
    // thread has none.
    void spill(void* object) noexcept;
    void drop(void* object) noexcept;
    void count_made() noexcept { made_.fetch_add(1, std::memory_order_relaxed); }
    // Drops the objects that weren't needed since the last call.
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

/// A pool of reusable objects, modelled on Go's sync.Pool (https://pkg.go.dev/sync#Pool). Each thread keeps up to 16
/// objects, so that taking and returning one needs neither a lock nor an allocation. Surplus objects are shared, and a
/// thread without any takes from these before a new object is created. Thread-safe; an object may be returned on
/// another thread than it was taken on. Process-wide.
///
///     object_pool<std::string> buffers([](std::string& s) { s.clear(); });
///     auto buffer = buffers.take(); // goes back, cleared, when it leaves its scope
template<class T>
class object_pool {
public:
    /// A borrowed object; returns it to the pool on destruction. Must not outlive the pool.
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
    /// Destroys the ready objects. No object may be on loan.
    ~object_pool() = default;

    /// Returns a ready object or a new one. Throws what `make` throws.
    [[nodiscard]] handle take() {
        detail::pool_shard* const shard = depot_.shard();
        if (void* const ready = shard ? shard->take() : nullptr) [[likely]] {
            shard->count_taken();
            return handle(*this, static_cast<T*>(ready));
        }
        return handle(*this, take_elsewhere());
    }

    /// Drops the objects that weren't needed for idle_time. Taking and returning objects does this as well.
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
