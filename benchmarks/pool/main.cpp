// SPDX-License-Identifier: MIT
// The cost of taking a buffer, writing to it and returning it, by several threads.
// --server weir|new_delete|mutex_list --threads N --pairs N: prints `ns` of CPU time per pair, and `made` buffers.
#include "support/arguments.hpp"
#include "support/processor.hpp"
#include <weir/core/object_pool.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace {

struct buffer {
    std::array<char, 64> bytes{};
    std::size_t size = 0;
};

// Keeps the compiler from optimising the use away.
void use(buffer& one) {
    for (const char letter : {'h', 'e', 'l', 'l', 'o'}) one.bytes[one.size++] = letter;
    asm volatile("" : : "r"(&one) : "memory");
}

std::atomic<std::uint64_t> made = 0;

// A simple hand-written free list.
class mutex_list {
public:
    ~mutex_list() {
        for (buffer* const one : free_) delete one;
    }

    buffer* get() {
        const std::lock_guard lock(mutex_);
        if (free_.empty()) {
            ++made;
            return new buffer;
        }
        buffer* const one = free_.back();
        free_.pop_back();
        return one;
    }

    void put(buffer* one) {
        one->size = 0;
        const std::lock_guard lock(mutex_);
        free_.push_back(one);
    }

private:
    std::mutex mutex_;
    std::vector<buffer*> free_;
};

void on_threads(std::size_t threads, std::size_t pairs, const std::function<void(std::size_t)>& loop) {
    std::vector<std::thread> all;
    for (std::size_t i = 0; i < threads; ++i) all.emplace_back([&] { loop(pairs / threads); });
    for (auto& thread : all) thread.join();
}

void run_weir(std::size_t threads, std::size_t pairs) {
    weir::object_pool<buffer> pool([](buffer& one) { one.size = 0; });
    on_threads(threads, pairs, [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) use(*pool.take());
    });
    made = pool.stats().made;
}

void run_new_delete(std::size_t threads, std::size_t pairs) {
    on_threads(threads, pairs, [](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            auto* const one = new buffer;
            use(*one);
            delete one;
        }
    });
    made = pairs;
}

void run_mutex_list(std::size_t threads, std::size_t pairs) {
    mutex_list pool;
    on_threads(threads, pairs, [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            buffer* const one = pool.get();
            use(*one);
            pool.put(one);
        }
    });
}

void run(const weir::bench::arguments& given) {
    const auto& server = given.text("server");
    const auto threads = given.number<std::size_t>("threads");
    const auto pairs = given.number<std::size_t>("pairs");
    const double before = weir::bench::cpu_nanoseconds();
    if (server == "weir")
        run_weir(threads, pairs);
    else if (server == "new_delete")
        run_new_delete(threads, pairs);
    else if (server == "mutex_list")
        run_mutex_list(threads, pairs);
    else
        throw std::invalid_argument("no such server: " + server);
    std::printf("ns %.3f\nmade %llu\n", (weir::bench::cpu_nanoseconds() - before) / static_cast<double>(pairs),
                static_cast<unsigned long long>(made));
}

} // namespace

int main(int argc, char** argv) {
    try {
        run(weir::bench::arguments({argv + 1, static_cast<std::size_t>(argc - 1)}));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "pool_bench: %s\n", failure.what());
        return 2;
    }
    return 0;
}
