// SPDX-License-Identifier: MIT
#pragma once

#include "core/remote_wait.hpp"
#include "feed/batch_encoder.hpp"
#include "feed/event_files.hpp"
#include "observe/line_buffers.hpp"
#include <weir/core/intrusive_list.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace weir::feed::detail {

/// A task that waits until everything before it is durable; it lives in the task's frame. An event that found no room
/// waits with its line until the writer's thread has queued it.
struct durable_wait : weir::detail::list_hook<durable_wait> {
    std::shared_ptr<weir::detail::remote_wait> task{};
    std::string line{};      // waits for room unless empty
    std::uint64_t round = 0; // wakes the task when it has ended
    bool queued = false;     // the line will be written
    std::optional<error> outcome{};
};

inline constexpr std::uint64_t last_round = std::numeric_limits<std::uint64_t>::max();

/// The queue and the thread of an event writer. Its thread takes what the producers have queued, encodes it outside of
/// any lock and appends it to a file. Everything it has taken is kept until it is durable, and tried again after a
/// failure.
class event_core {
public:
    event_core(event_writer_options options, file_system& files);
    /// As `close_and_join`.
    ~event_core();
    event_core(const event_core&) = delete;
    event_core& operator=(const event_core&) = delete;

    bool write(std::string_view line);
    bool drop() noexcept;
    /// These tasks keep `self` until they end.
    static task<result<void>> append(std::shared_ptr<event_core> self, std::string line);
    static task<result<void>> flush(std::shared_ptr<event_core> self);
    static task<result<void>> close(std::shared_ptr<event_core> self);
    /// Closes within `close_limit`; blocks.
    void close_and_join() noexcept;

    event_writer_stats stats() const;
    const event_writer_options& options() const noexcept { return options_; }

private:
    class seat;
    using lock = std::unique_lock<std::mutex>;
    using durable_waits = weir::detail::intrusive_list<durable_wait>;

    // For producers.
    void wake_writer();
    bool crosses_batch(std::size_t before, std::size_t added) const noexcept;
    result<void> begin_append(durable_wait& one);
    result<void> begin_flush(durable_wait& one);
    bool begin_close(durable_wait& one);
    void begin_close() noexcept;
    void give_up() noexcept;
    error lost_failure() const { return counts_.lost > 0 ? unwritten_failure_ : error(); }
    result<void> end(durable_wait& one, weir::detail::remote_wait::ending how);

    // For the writer's thread, under the lock.
    void serve();
    void sleep(lock& held);
    bool due() const noexcept;
    time_point next_time() const noexcept;
    void round(lock& held);
    void take();
    void settle(const result<void>& done);
    void settle_failure(const error& why);
    void settle_batch() noexcept;
    void admit();
    void end_waits(std::uint64_t up_to, const error& why) noexcept;
    void finish() noexcept;

    // For the writer's thread, without the lock.
    result<void> attempt(bool last);
    result<void> encode();
    result<void> write_batch();
    result<void> open_file();
    result<void> sync_file();
    result<void> complete_file();
    result<void> file_failed(result<void> why);
    void recover_files();
    void make_room_quietly();
    bool file_is_due() const noexcept;
    void report(const handled_file& one);
    void report(event_writer_event::what kind, const error& why) noexcept;

    time_point now() const noexcept { return options_.clock->now(); }
    bool syncs() const noexcept { return options_.sync != sync_policy::never; }
    std::size_t waiting_bytes() const noexcept { return lines_.bytes() - taken_bytes_; }
    bool has_lines() const noexcept { return waiting_bytes() > 0; }
    bool holds_batch() const noexcept { return taken_lines_ > 0; }

    const event_writer_options options_;
    const std::size_t batch_bytes_;
    const error closed_failure_; // made before memory can run out
    const error unwritten_failure_;
    file_system& files_;
    weir::detail::line_buffers lines_;
    std::atomic<std::uint64_t> dropped_{0};
    std::atomic<bool> idle_{false}; // the thread sleeps until it is woken

    // Used by the writer's thread only.
    file_names names_;
    batch_encoder encoder_;
    std::optional<event_file> file_{};
    time_point file_until_ = time_point::max();
    time_point sync_at_ = time_point::max();                             // max(): everything is synchronized
    std::array<std::string, weir::detail::line_buffers::slots> batch_{}; // a part per slot
    std::string encoded_{};                                              // the batch, once it has been encoded
    error sync_failure_{};                                               // written batches may not be durable
    bool recovery_due_ = true;
    bool recovery_failed_ = false;

    mutable std::mutex mutex_{}; // guards the following members; taken before a slot's lock
    std::condition_variable wake_{};
    std::condition_variable over_changed_{};
    durable_waits waiting_{}; // in the order of their rounds
    durable_waits for_room_{};
    event_writer_stats counts_{};
    std::uint64_t rounds_begun_ = 0;
    std::uint64_t rounds_ended_ = 0; // what was queued before these began is written
    std::uint64_t rounds_wanted_ = 0;
    std::size_t taken_bytes_ = 0;
    std::uint64_t taken_lines_ = 0;
    time_point batch_at_ = time_point::max(); // when the waiting lines are written at the latest
    time_point retry_at_ = time_point::min(); // no attempt before
    duration pause_{};
    bool closing_ = false;
    bool abandoned_ = false; // the close has run out of time
    bool over_ = false;      // the thread writes nothing more
    std::thread thread_{};   // last, because it uses the members above
};

} // namespace weir::feed::detail
