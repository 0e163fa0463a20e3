// SPDX-License-Identifier: MIT
#pragma once

#include "observe/line_buffers.hpp"
#include <weir/observe/log.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace weir::detail {

struct log_queue_options {
    bool asynchronous = true;
    std::size_t capacity = 0; ///< bytes
    duration linger{};
};

/// A queue of lines for a sink. A producer appends to its thread's buffer, whose lock it shares only with the writer;
/// the writer thread takes the buffers in turn and passes each to the sink as a whole. A producer wakes the writer only
/// if it sleeps without a deadline, so under load there is one wake-up per linger rather than per line. Lines of one
/// thread keep their order; lines of different threads may be reordered within a linger. Thread-safe.
class log_queue {
public:
    /// Writes the line that reports `lines` lost lines, with the sink's last error if the sink lost them.
    using drop_report = std::function<void(std::string& out, std::uint64_t lines, const error& why)>;

    log_queue(std::unique_ptr<log_sink> sink, log_queue_options options, drop_report report);
    ~log_queue();
    log_queue(const log_queue&) = delete;
    log_queue& operator=(const log_queue&) = delete;

    void submit(std::string_view line);
    result<void> flush(duration limit);
    log_stats stats() const;
    log_sink& sink() noexcept { return *sink_; }

private:
    void write_now(std::string_view line);
    bool enqueue(std::string_view line);
    void wake_writer();
    void serve();
    bool has_lines() const noexcept { return buffers_.bytes() != 0; }
    bool half_full() const noexcept { return buffers_.bytes() >= options_.capacity / 2; }
    bool flush_wanted() const noexcept { return rounds_begun_ < rounds_wanted_; }
    void linger(std::unique_lock<std::mutex>& lock);
    void write_round(std::unique_lock<std::mutex>& lock);
    void write_batch(std::unique_lock<std::mutex>& lock, std::uint64_t lines);
    std::uint64_t unreported() const noexcept { return overflowed_.load() + refused_ - reported_; }
    result<void> write_out(std::uint64_t lost);
    void settle(result<void> done, std::uint64_t lines, std::uint64_t reported);
    bool wait_until_written(std::unique_lock<std::mutex>& lock, duration limit);
    result<void> report_refusals(std::uint64_t known);

    const std::unique_ptr<log_sink> sink_;
    const log_queue_options options_;
    const drop_report report_;

    line_buffers buffers_;
    std::atomic<std::uint64_t> overflowed_{0}; // lines dropped because the queue was full
    std::atomic<bool> idle_{false};            // the writer sleeps until woken

    mutable std::mutex mutex_;        // guards the following members
    std::condition_variable wake_;    // the writer waits for lines
    std::condition_variable written_; // flushers wait for the writer
    std::string batch_;
    std::uint64_t written_at_once_ = 0; // lines written without a writer thread
    std::uint64_t reported_ = 0;        // lost lines reported
    std::uint64_t failures_ = 0;
    error last_failure_;
    std::uint64_t refused_ = 0;       // lines refused by the sink
    std::uint64_t known_refused_ = 0; // of those, the ones that a flush has reported
    error last_refusal_;
    std::uint64_t rounds_begun_ = 0; // writer rounds, each over all buffers
    std::uint64_t rounds_ended_ = 0;
    std::uint64_t rounds_wanted_ = 0; // requested by flushes
    bool closing_ = false;
    std::thread writer_; // last, because it uses the members above
};

} // namespace weir::detail
