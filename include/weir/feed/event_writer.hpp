// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/core/task.hpp>
#include <weir/observe/log.hpp>
#include <weir/reflect/describe.hpp>
#include <weir/reflect/json.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>

namespace weir {

/// When written events are synchronized to the disk (fsync).
enum class sync_policy : std::uint8_t {
    never,    ///< left to the kernel: survives a crash of the process, not of the machine
    batch,    ///< after each batch
    interval, ///< at most once per `sync_every`
};

enum class event_compression : std::uint8_t { none, gzip };

/// What happens when completed files reach `max_total_bytes`.
enum class disk_cap_policy : std::uint8_t {
    delete_oldest, ///< deletes the oldest completed files
    stop,          ///< writes nothing until files are removed; events wait in the queue and are dropped when it is full
};

struct event_writer_event {
    enum class what : std::uint8_t {
        completed, ///< a file was renamed to its final name
        recovered, ///< an unfinished file of an earlier run was completed
        discarded, ///< an unfinished file of an earlier run held no whole batch and was deleted
        deleted,   ///< an old file was deleted because of `max_total_bytes`
        failed,    ///< a batch, a file or the recovery failed; it will be retried unless the file is lost
        resumed,   ///< writing works again
    };
    what kind = what::completed;
    std::string_view path{};
    std::uint64_t bytes = 0;           ///< the file's size
    std::uint64_t discarded_bytes = 0; ///< bytes of a torn batch, cut off by the recovery
    error failure{};
};

struct event_writer_options {
    std::string folder = "events"; ///< created if missing
    /// The first part of file names, and the name in metrics. 1 to 64 letters, digits, `_`, `-`, `.`; no leading dot.
    std::string prefix = "events";
    /// The part of file names that tells apart the processes that share a folder, in the same characters. Default: host
    /// name and process id.
    std::string producer{};
    event_compression compression = event_compression::gzip; ///< a build without zlib has `none` only
    int compression_level = 6;                               ///< 1 (fast) to 9 (small)
    std::size_t batch_bytes = 1 << 20;                       ///< a batch is written when this many bytes wait
    duration batch_every = std::chrono::seconds(1);          ///< or when its first event has waited this long
    std::uint64_t rotate_bytes = 64 << 20;                   ///< a file is completed at this size on disk
    duration rotate_every = std::chrono::minutes(5);         ///< or at this age; max(): by size only
    sync_policy sync = sync_policy::batch;
    duration sync_every = std::chrono::seconds(1); ///< for sync_policy::interval
    std::size_t queue = 16 << 20;                  ///< bytes of events that may wait; further ones are dropped
    bool partition_by_date = false;                ///< files go to `folder/dt=YYYY-MM-DD/` (UTC), as Hive expects
    std::uint64_t max_total_bytes = 0;             ///< of completed files with this prefix; 0: no limit
    disk_cap_policy at_max_total_bytes = disk_cap_policy::delete_oldest;
    duration retry_base = std::chrono::milliseconds(100); ///< first pause after a failure; doubles each time
    duration retry_max = std::chrono::seconds(10);
    duration close_limit = std::chrono::seconds(5);   ///< how long the destructor waits for the last batch
    const weir::clock* clock = &weir::system_clock(); ///< must outlive the writer
    /// Called on the writer's thread, without a lock. Exceptions are ignored.
    std::function<void(const event_writer_event&)> on_event{};
};

struct event_writer_stats {
    std::uint64_t accepted = 0;   ///< events in the queue or written
    std::uint64_t written = 0;    ///< events in files
    std::uint64_t dropped = 0;    ///< the queue was full, memory ran out, or the writer was closed
    std::uint64_t lost = 0;       ///< accepted, but never written: the close ran out of time
    std::size_t queued_bytes = 0; ///< not yet durable
    std::uint64_t batches = 0;    ///< written
    std::uint64_t raw_bytes = 0;  ///< of written events, before compression
    std::uint64_t file_bytes = 0; ///< of written events, on disk
    std::uint64_t syncs = 0;
    std::uint64_t completed_files = 0;
    std::uint64_t recovered_files = 0;
    std::uint64_t deleted_files = 0; ///< because of `max_total_bytes`
    std::uint64_t lost_files = 0;    ///< removed by others before they were completed
    std::uint64_t failures = 0;      ///< attempts that failed
    bool failing = false;            ///< the last attempt failed
    error last_failure{};
};

namespace feed::detail {

class event_core;

// Begins a line `{"type":"...","time":"...","data":` and ends it.
void begin_typed(std::string& line, std::string_view type, wall_time now);

} // namespace feed::detail

/// Writes events to files as JSON lines, compressed and rotated, for a data lake or any shipper of files. Events are
/// collected into batches; each batch is a complete gzip member (RFC 1952), so whatever a crash leaves is readable up
/// to its last whole batch. An unfinished file ends in `.part`; it is renamed when it is complete, and the next start
/// completes what a killed process left. Files are named `prefix-20261130T101500Z-host-pid-000001.jsonl.gz`.
///
/// Writing and compressing happen on a thread named `events`. Process-wide and thread-safe.
///
///     weir::event_writer orders({.folder = "lake", .prefix = "orders"});
///     orders.write(order_placed{.order_id = 7, .cents = 990});
class event_writer {
public:
    /// Starts the thread, which first recovers unfinished files. Throws std::invalid_argument for an option out of
    /// range; the folder is created by the first batch.
    explicit event_writer(event_writer_options options = {});
    /// Closes the writer; waits for `close_limit` at most, unless the kernel blocks the thread.
    ~event_writer();
    event_writer(const event_writer&) = delete;
    event_writer& operator=(const event_writer&) = delete;

    /// Queues the event as one line. Never waits and never throws std::bad_alloc: returns false, and counts the event
    /// as dropped, when the queue is full, memory runs out, or the writer is closed.
    template<reflect::described T>
    bool write(const T& event) {
        return write_line([&](std::string& line) { to_json(event, line); });
    }
    /// The same with an envelope: `{"type":"order_placed","time":"...","data":{...}}`, for a file with several types.
    template<reflect::described T>
    bool write(std::string_view type, const T& event) {
        return write_line([&](std::string& line) { typed(line, type, event); });
    }

    /// Queues the event and completes when it is durable as `sync` promises, so it is never lost after that. Waits for
    /// room in the queue. errc::too_large for an event larger than the queue; errc::unavailable when the writer is
    /// closed. errc::deadline_exceeded and errc::cancelled leave the event out if it waited for room; otherwise their
    /// code is `outcome_unknown`, and the event will still be written.
    template<reflect::described T>
    task<result<void>> append(const T& event) {
        std::string line;
        to_json(event, line);
        return append_line(std::move(line));
    }
    template<reflect::described T>
    task<result<void>> append(std::string_view type, const T& event) {
        std::string line;
        typed(line, type, event);
        return append_line(std::move(line));
    }
    template<reflect::described T>
    task<result<void>> append(T&& event) = delete; // name it: g++ 12 destroys such a temporary twice

    /// Completes when all events queued so far are durable. Errors are those of `append`.
    task<result<void>> flush();

    /// Refuses further events, writes those that wait and completes the file. At the context's deadline it gives up:
    /// errc::deadline_exceeded, and `stats().lost` counts the events. Idempotent.
    task<result<void>> close();

    event_writer_stats stats() const;
    const std::string& prefix() const noexcept;

private:
    template<class F>
    bool write_line(F append_json) {
        try {
            weir::detail::log_buffer line;
            append_json(line.text);
            line.text += '\n';
            return submit(line.text);
        } catch (const std::bad_alloc&) {
            return drop();
        }
    }

    template<class T>
    void typed(std::string& line, std::string_view type, const T& event) {
        feed::detail::begin_typed(line, type, now());
        to_json(event, line);
        line += '}';
    }

    bool submit(std::string_view line);
    bool drop() noexcept;
    wall_time now() const noexcept;
    task<result<void>> append_line(std::string line);

    std::shared_ptr<feed::detail::event_core> core_;
};

} // namespace weir
