// SPDX-License-Identifier: MIT
#include "observe/log_queue.hpp"

#include "observe/service_thread.hpp"

#include <algorithm>
#include <utility>

namespace weir::detail {

namespace {

constexpr std::size_t batch_capacity = 64 * 1024; // untouched memory costs nothing

} // namespace

log_queue::log_queue(std::unique_ptr<log_sink> sink, log_queue_options options, drop_report report)
    : sink_(std::move(sink)), options_(options), report_(std::move(report)), buffers_(options.capacity) {
    batch_.reserve(std::min(options_.capacity, batch_capacity));
    if (options_.asynchronous) writer_ = start_service_thread("log", [this] { serve(); });
}

log_queue::~log_queue() {
    if (writer_.joinable()) {
        {
            const std::lock_guard lock(mutex_);
            closing_ = true;
        }
        wake_.notify_one();
        writer_.join();
    }
}

void log_queue::submit(std::string_view line) {
    if (!options_.asynchronous) return write_now(line);
    if (enqueue(line)) wake_writer();
}

void log_queue::write_now(std::string_view line) {
    const std::lock_guard lock(mutex_);
    batch_.assign(line);
    ++written_at_once_;
    const std::uint64_t lost = unreported();
    settle(write_out(lost), 1, lost);
}

// Returns whether the writer must be woken.
bool log_queue::enqueue(std::string_view line) {
    const auto before = buffers_.append(line);
    if (!before) {
        ++overflowed_;
        return false;
    }
    const std::size_t half = options_.capacity / 2;
    return idle_.load() || (*before < half && *before + line.size() >= half);
}

// Takes the writer's lock, so that the writer doesn't fall asleep between its last check and this call.
void log_queue::wake_writer() {
    {
        const std::lock_guard lock(mutex_);
        idle_ = false;
    }
    wake_.notify_one();
}

void log_queue::serve() {
    std::unique_lock lock(mutex_);
    while (!closing_ || has_lines()) {
        idle_ = true; // later lines see this; earlier ones are seen by the wait below
        wake_.wait(lock, [this] { return has_lines() || closing_ || flush_wanted(); });
        idle_ = false;
        write_round(lock);
        linger(lock);
    }
    if (unreported() > 0) write_batch(lock, 0);
}

// Waits for more lines, unless a flush is waiting or the queue is filling up.
void log_queue::linger(std::unique_lock<std::mutex>& lock) {
    wake_.wait_for(lock, options_.linger, [this] { return closing_ || flush_wanted() || half_full(); });
}

void log_queue::write_round(std::unique_lock<std::mutex>& lock) {
    ++rounds_begun_;
    for (unsigned slot = 0; slot < line_buffers::slots; ++slot) {
        const std::uint64_t lines = buffers_.take(slot, batch_);
        buffers_.release(batch_.size());
        if (lines > 0) write_batch(lock, lines);
    }
    ++rounds_ended_;
    written_.notify_all();
}

void log_queue::write_batch(std::unique_lock<std::mutex>& lock, std::uint64_t lines) {
    const std::uint64_t lost = unreported();
    lock.unlock();
    auto done = write_out(lost);
    lock.lock();
    settle(std::move(done), lines, lost);
}

// Writes the batch, followed by a report of lost lines.
result<void> log_queue::write_out(std::uint64_t lost) {
    try {
        if (lost > 0) report_(batch_, lost, last_failure_);
        return sink_->write(batch_);
    } catch (...) {
        return current_error();
    }
}

// Records the outcome of a batch: its lines and its report of lost ones.
void log_queue::settle(result<void> done, std::uint64_t lines, std::uint64_t reported) {
    batch_.clear();
    if (done) {
        reported_ += reported;
        last_failure_ = {};
        return;
    }
    ++failures_;
    last_failure_ = done.error();
    if (lines == 0) return; // the batch held only the report
    refused_ += lines;
    last_refusal_ = last_failure_;
}

result<void> log_queue::flush(duration limit) {
    std::unique_lock lock(mutex_);
    const std::uint64_t known = known_refused_; // another thread's flush may report the same refusals
    if (options_.asynchronous && !wait_until_written(lock, limit))
        return error(errc::deadline_exceeded, "the log's sink doesn't keep up");
    return report_refusals(known);
}

bool log_queue::wait_until_written(std::unique_lock<std::mutex>& lock, duration limit) {
    const std::uint64_t target =
        rounds_begun_ + 1; // the round in progress may already have passed this thread's buffer
    rounds_wanted_ = target;
    wake_.notify_one();
    const auto longest = std::min<duration>(limit, std::chrono::hours(24));
    return written_.wait_for(lock, longest, [&] { return rounds_ended_ >= target; });
}

result<void> log_queue::report_refusals(std::uint64_t known) {
    known_refused_ = refused_;
    if (refused_ == known) return ok();
    return error(errc::unavailable, "lines refused by the log's sink: " + std::to_string(refused_ - known))
        .caused_by(last_refusal_);
}

log_stats log_queue::stats() const {
    const std::uint64_t accepted = buffers_.accepted();
    const std::lock_guard lock(mutex_);
    return {accepted + written_at_once_, overflowed_.load() + refused_, failures_, buffers_.bytes()};
}

} // namespace weir::detail
