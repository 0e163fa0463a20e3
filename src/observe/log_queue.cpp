// SPDX-License-Identifier: MIT
#include "observe/log_queue.hpp"

#include <algorithm>
#include <pthread.h>
#include <signal.h>

namespace weir::detail {

namespace {

constexpr std::size_t first_capacity = 64 * 1024;

// Signals are for the application's threads; a closed pipe is an error of the write, not the process's end.
std::thread start_without_signals(std::function<void()> work) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread started(std::move(work));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return started;
}

} // namespace

log_queue::log_queue(std::unique_ptr<log_sink> sink, log_queue_options options, drop_report report)
    : sink_(std::move(sink)), options_(options), report_(std::move(report)) {
    // Untouched memory costs nothing, and the calling threads needn't grow it.
    for (std::string* buffer : {&pending_, &batch_}) buffer->reserve(std::min(options_.capacity, first_capacity));
    if (options_.asynchronous) writer_ = start_without_signals([this] { serve(); });
}

log_queue::~log_queue() {
    if (!writer_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    wake_.notify_one();
    writer_.join();
}

void log_queue::submit(std::string_view line) {
    if (!options_.asynchronous) return write_now(line);
    if (enqueue(line)) wake_.notify_one();
}

void log_queue::write_now(std::string_view line) {
    const std::lock_guard lock(mutex_);
    batch_.assign(line);
    ++accepted_;
    const std::uint64_t reported = append_report();
    settle(write_out(), accepted_, reported);
}

// Whether the writer has to be woken for it.
bool log_queue::enqueue(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + line.size() > options_.capacity) {
        ++dropped_;
        ++unreported_;
        return false;
    }
    const bool was_roomy = pending_.size() < options_.capacity / 2;
    pending_ += line;
    ++accepted_;
    const bool half_full = was_roomy && pending_.size() >= options_.capacity / 2;
    return std::exchange(idle_, false) || half_full;
}

void log_queue::serve() {
    pthread_setname_np(pthread_self(), "log");
    std::unique_lock lock(mutex_);
    while (!closing_ || !pending_.empty()) {
        idle_ = true;
        wake_.wait(lock, [this] { return !pending_.empty() || closing_; });
        idle_ = false;
        write_batch(lock);
        gather(lock);
    }
    if (unreported_ > 0) write_batch(lock);
}

// Lets lines come together, unless someone waits for them or the queue fills up.
void log_queue::gather(std::unique_lock<std::mutex>& lock) {
    wake_.wait_for(lock, options_.linger,
                   [this] { return closing_ || flushers_ > 0 || pending_.size() >= options_.capacity / 2; });
}

void log_queue::write_batch(std::unique_lock<std::mutex>& lock) {
    std::swap(batch_, pending_);
    const std::uint64_t up_to = accepted_;
    const std::uint64_t reported = append_report();
    lock.unlock();
    auto done = write_out();
    lock.lock();
    settle(std::move(done), up_to, reported);
    if (flushers_ > 0) written_.notify_all();
}

// How many lost lines the batch reports.
std::uint64_t log_queue::append_report() {
    if (unreported_ > 0) report_(batch_, unreported_, last_failure_);
    return unreported_;
}

result<void> log_queue::write_out() {
    try {
        return batch_.empty() ? ok() : sink_->write(batch_);
    } catch (...) {
        return current_error();
    }
}

// Takes note of what became of the batch: the accepted lines up to a number, and a report of lost ones.
void log_queue::settle(result<void> done, std::uint64_t up_to, std::uint64_t reported) {
    const std::uint64_t lines = up_to - std::exchange(handed_over_, up_to);
    batch_.clear();
    if (done) {
        unreported_ -= reported;
        last_failure_ = {};
        return;
    }
    ++failures_;
    dropped_ += lines;
    unreported_ += lines;
    last_failure_ = done.error();
    if (lines == 0) return; // only the report
    refused_ += lines;
    last_refusal_ = last_failure_;
}

result<void> log_queue::flush(duration limit) {
    std::unique_lock lock(mutex_);
    const std::uint64_t known = known_refused_; // a flush of another thread may report the same refusals
    if (options_.asynchronous && !wait_until_written(lock, limit))
        return error(errc::deadline_exceeded, "the log's sink doesn't keep up");
    return report_refusals(known);
}

bool log_queue::wait_until_written(std::unique_lock<std::mutex>& lock, duration limit) {
    const std::uint64_t target = accepted_;
    ++flushers_;
    wake_.notify_one();
    const auto longest = std::min<duration>(limit, std::chrono::hours(24));
    const bool done = written_.wait_for(lock, longest, [&] { return handed_over_ >= target; });
    --flushers_;
    return done;
}

result<void> log_queue::report_refusals(std::uint64_t known) {
    known_refused_ = refused_;
    if (refused_ == known) return ok();
    return error(errc::unavailable, "lines that the log's sink refused: " + std::to_string(refused_ - known))
        .caused_by(last_refusal_);
}

log_stats log_queue::stats() const {
    const std::lock_guard lock(mutex_);
    return {accepted_, dropped_, failures_, pending_.size()};
}

} // namespace weir::detail
