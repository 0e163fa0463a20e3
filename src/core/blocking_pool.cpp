// SPDX-License-Identifier: MIT
#include "core/deadline_timer.hpp"
#include "core/suspend.hpp"
#include <weir/core/blocking_pool.hpp>
#include <weir/core/loop.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <vector>

namespace weir {

namespace asio = boost::asio;
using detail::blocking_job;

struct blocking_pool::impl {
    explicit impl(blocking_pool_options given) : options(std::move(given)) {
        try {
            for (std::size_t i = 0; i < std::max<std::size_t>(options.threads, 1); ++i)
                threads.emplace_back([this, i] { serve(i); });
        } catch (...) {
            close();
            throw;
        }
    }

    void serve(std::size_t index) {
        const std::string thread_name = options.name.substr(0, 12) + "-" + std::to_string(index);
        pthread_setname_np(pthread_self(), thread_name.substr(0, 15).c_str());
        while (blocking_job* job = take()) {
            job->work(job->stop.get_token());
            settle(*job);
        }
    }

    // Returns the next job, or null once the pool is closed and the queue is empty.
    blocking_job* take() {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return closed || !queue.empty(); });
        if (queue.empty()) return nullptr;
        blocking_job* job = queue.front();
        queue.pop_front();
        job->at = blocking_job::state::running;
        ++counts.running;
        return job;
    }

    void settle(blocking_job& job) {
        std::function<void(bool)> finished;
        {
            const std::lock_guard lock(mutex);
            job.at = blocking_job::state::done;
            finished = std::move(job.finished);
            --counts.running;
            ++counts.completed;
        }
        finished(true); // the job may be destroyed from here on
    }

    bool push(blocking_job& job) {
        {
            const std::lock_guard lock(mutex);
            if (closed || queue.size() >= options.queue) {
                ++counts.refused;
                return false;
            }
            queue.push_back(&job);
            job.at = blocking_job::state::queued;
        }
        wake.notify_one();
        return true;
    }

    void cancel(blocking_job& job) {
        std::function<void(bool)> finished;
        {
            const std::lock_guard lock(mutex);
            if (job.at == blocking_job::state::queued) {
                std::erase(queue, &job);
                job.at = blocking_job::state::done;
                finished = std::move(job.finished);
            }
        }
        if (finished) return finished(false);
        // The job can't be destroyed meanwhile: it completes on this thread's loop, after this call.
        job.stop.request_stop();
    }

    void close() {
        {
            const std::lock_guard lock(mutex);
            closed = true;
        }
        wake.notify_all();
        for (auto& thread : threads)
            if (thread.joinable()) thread.join();
    }

    const blocking_pool_options options;
    mutable std::mutex mutex;
    std::condition_variable wake;
    std::deque<blocking_job*> queue;
    blocking_pool_stats counts;
    bool closed = false;
    std::vector<std::thread> threads; // last, because they use the members above
};

blocking_pool::blocking_pool(blocking_pool_options options) : impl_(std::make_unique<impl>(std::move(options))) {}

blocking_pool::~blocking_pool() { impl_->close(); }

void blocking_pool::close() { impl_->close(); }

const std::string& blocking_pool::name() const noexcept { return impl_->options.name; }

blocking_pool_stats blocking_pool::stats() const {
    const std::lock_guard lock(impl_->mutex);
    auto counts = impl_->counts;
    counts.queued = impl_->queue.size();
    return counts;
}

namespace {

enum class outcome : std::uint8_t { ran, left_queue, refused };

} // namespace

task<result<void>> blocking_pool::execute(detail::blocking_job& job) {
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) co_return errc::cancelled;
    const executor here = co_await this_task;
    const context& ctx = here.context();
    if (ctx.deadline() <= ctx.loop().clock().now()) co_return errc::deadline_exceeded;

    impl* const pool = impl_.get();
    blocking_job* const queued = &job;
    bool late = false;
    const detail::deadline_timer timer(ctx.loop(), ctx.deadline(), [pool, queued, &late] {
        late = true;
        pool->cancel(*queued);
    });
    auto start = [pool, queued](std::function<void(outcome)> resume) {
        queued->finished = [resume](bool ran) { resume(ran ? outcome::ran : outcome::left_queue); };
        if (!pool->push(*queued)) resume(outcome::refused);
    };
    auto cancel = [pool, queued] { pool->cancel(*queued); };
    switch (co_await detail::suspend<outcome>(start, cancel)) {
    case outcome::ran:
        co_return ok();
    case outcome::left_queue:
        co_return late ? errc::deadline_exceeded : errc::cancelled;
    case outcome::refused:
        break;
    }
    co_return error(errc::unavailable, "the pool " + name() + " is full or closed");
}

} // namespace weir
