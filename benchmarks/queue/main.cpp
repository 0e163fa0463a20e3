// SPDX-License-Identifier: MIT
// The cost of a message through a queue: published and confirmed, and handled and acknowledged.
// --server memory|rabbitmq --case publish_1|publish_256|consume --messages N [--host HOST:PORT] [--topic NAME]: prints
// `per_s`, `cpu_us` per message of this process, and `p50_us` and `p99_us` of a publication.
#include "support/arguments.hpp"
#include "support/processor.hpp"
#include <weir/mq/memory_queue.hpp>
#ifdef WEIR_BENCH_AMQP
#include <weir/amqp/queue.hpp>
#endif

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using weir::result;
using weir::task;
using wall = std::chrono::steady_clock;

constexpr std::size_t body_size = 256;

std::unique_ptr<weir::queue> open_queue(const weir::bench::arguments& given) {
    if (given.text("server") == "memory") {
        weir::memory_queue_options options;
        options.max_messages = 1'000'000;
        options.max_bytes = std::size_t{1} << 30U;
        return std::make_unique<weir::memory_queue>(options);
    }
#ifdef WEIR_BENCH_AMQP
    weir::amqp::queue_options options;
    options.hosts = {given.text("host")};
    options.partitions = 1;
    return std::make_unique<weir::amqp::queue>(options);
#else
    throw std::invalid_argument("this program was built without rabbitmq-c");
#endif
}

class bench {
public:
    bench(weir::queue& queue, std::string topic, int messages)
        : queue_(queue), topic_(std::move(topic)), messages_(messages) {}

    void publish(int in_flight) {
        must(home_.block_on(queue_.declare(topic_, "g")));
        const auto begun = wall::now();
        const double cpu = weir::bench::cpu_nanoseconds();
        for (int i = 0; i < in_flight; ++i) home_.spawn(publisher());
        while (ended_ < in_flight) home_.run_one();
        show(begun, cpu);
        std::ranges::sort(waits_);
        std::printf("p50_us %.1f\np99_us %.1f\n", waits_[waits_.size() / 2], waits_[waits_.size() * 99 / 100]);
    }

    void consume() {
        must(home_.block_on(queue_.declare(topic_, "g")));
        for (int i = 0; i < 256; ++i) home_.spawn(publisher());
        while (ended_ < 256) home_.run_one();
        int handled = 0;
        const auto begun = wall::now();
        const double cpu = weir::bench::cpu_nanoseconds();
        weir::consume_options how{.topic = topic_, .group = "g", .concurrency = 32, .prefetch = 512};
        how.time_limit = weir::duration::max();
        const auto sub = queue_.consume(home_, how, [&](weir::delivery&) -> task<result<void>> {
            ++handled;
            co_return weir::ok();
        });
        while (handled < messages_) home_.run_one();
        show(begun, cpu);
        must(home_.block_on(sub.stop()));
    }

private:
    static void must(const result<void>& done) {
        if (!done) throw std::runtime_error(done.error().describe());
    }

    void show(wall::time_point begun, double cpu) const {
        const double seconds = std::chrono::duration<double>(wall::now() - begun).count();
        std::printf("per_s %.0f\ncpu_us %.3f\n", messages_ / seconds,
                    (weir::bench::cpu_nanoseconds() - cpu) / 1e3 / messages_);
    }

    task<void> publisher() {
        while (begun_ < messages_) {
            ++begun_;
            const auto at = wall::now();
            const auto sent = co_await queue_.publish(weir::message(topic_, std::string(body_size, 'x')));
            must(sent);
            waits_.push_back(std::chrono::duration<double, std::micro>(wall::now() - at).count());
        }
        ++ended_;
    }

    weir::loop home_{};
    weir::queue& queue_;
    const std::string topic_;
    const int messages_;
    int begun_ = 0;
    int ended_ = 0;
    std::vector<double> waits_{};
};

void run(const weir::bench::arguments& given) {
    const auto queue = open_queue(given);
    bench measured(*queue, given.has("topic") ? given.text("topic") : "bench", given.number<int>("messages"));
    const std::string& name = given.text("case");
    if (name == "consume") return measured.consume();
    measured.publish(name == "publish_1" ? 1 : 256);
}

} // namespace

int main(int count, char** words) {
    try {
        run(weir::bench::arguments({words + 1, static_cast<std::size_t>(count - 1)}));
        return 0;
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "queue_bench: %s\n", failure.what());
        return 1;
    }
}
