// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/log.hpp>

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

/// Lines on their way to a sink. Producers append bytes to one buffer under a short lock; the writer
/// thread swaps it with its own and hands the whole batch to the sink. A producer wakes the writer only
/// when it sleeps without a deadline, so under load there is one wake-up per linger and not one per line.
/// Thread-safe.
class log_queue {
public:
    /// Writes the line that reports `lines` lost, and the sink's last error if it was the sink that lost them.
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
    void serve();
    void gather(std::unique_lock<std::mutex>& lock);
    void write_batch(std::unique_lock<std::mutex>& lock);
    std::uint64_t append_report();
    result<void> write_out();
    void settle(result<void> done, std::uint64_t up_to, std::uint64_t reported);
    bool wait_until_written(std::unique_lock<std::mutex>& lock, duration limit);
    result<void> report_refusals(std::uint64_t known);

    const std::unique_ptr<log_sink> sink_;
    const log_queue_options options_;
    const drop_report report_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;    // the writer waits for lines
    std::condition_variable written_; // flushers wait for the writer
    std::string pending_;
    std::string batch_;
    std::uint64_t accepted_ = 0;
    std::uint64_t handed_over_ = 0; // of the accepted lines
    std::uint64_t dropped_ = 0;
    std::uint64_t unreported_ = 0;
    std::uint64_t failures_ = 0;
    error last_failure_;
    std::uint64_t refused_ = 0;       // lines, by the sink
    std::uint64_t known_refused_ = 0; // those that a flush has reported
    error last_refusal_;
    std::size_t flushers_ = 0;
    bool idle_ = false;
    bool closing_ = false;
    std::thread writer_; // last: it uses what is above
};

} // namespace weir::detail
