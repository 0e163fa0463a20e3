// SPDX-License-Identifier: MIT
#pragma once

#include "redis/queue/message_record.hpp"
#include "redis/queue/stream_shared.hpp"
#include <weir/core/background.hpp>
#include <weir/core/intrusive_list.hpp>
#include <weir/core/loop.hpp>
#include <weir/mq/engine.hpp>
#include <weir/redis/connection.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>

namespace weir::redis::detail {

class stream_consumer;

inline constexpr std::size_t most_claimed = 16; // messages of silent consumers, at a time
inline constexpr duration pause_after_failure = std::chrono::milliseconds(100);

/// A message that a consumer holds.
class stream_entry final : public mq::unsettled, public weir::detail::list_hook<stream_entry> {
public:
    stream_entry(stream_consumer& in, const stream_record& from);
    ~stream_entry() override = default;

    void settle(mq::settlement how) noexcept override;

    const std::string id;
    const std::string key;
    mq::settlement verdict{};

private:
    stream_consumer& in_;
};

/// The deliveries of one subscription. Three tasks of its loop share it: `read` takes messages on a connection of its
/// own, `send_verdicts` ends them, `look_after` does the rest, and ends the consumer. `settle`, `end_deliveries` and
/// `close` may be called on any thread.
class stream_consumer : public std::enable_shared_from_this<stream_consumer> {
public:
    stream_consumer(loop& home, std::shared_ptr<stream_shared> shared, const consume_options& options);
    stream_consumer(const stream_consumer&) = delete;
    stream_consumer& operator=(const stream_consumer&) = delete;
    ~stream_consumer();

    void begin();
    channel<mq::claim>& arriving() noexcept { return arriving_; }
    task<result<void>> established();
    const std::string& topic() const noexcept { return topic_; }

    void settle(stream_entry& one, mq::settlement how) noexcept;
    /// No further deliveries; those that no handler has got are returned.
    void end_deliveries() noexcept;
    /// Returns all messages and ends the tasks.
    void close() noexcept;
    /// Looks soon for messages that are due.
    void poke() noexcept { (void)poked_.try_send(std::monostate()); }

private:
    using entries = weir::detail::intrusive_list<stream_entry>;
    using shared_this = std::shared_ptr<stream_consumer>;

    static task<void> read(shared_this self);
    task<result<void>> read_session();
    task<result<void>> declare();
    task<result<void>> read_once(connection& own);
    task<std::size_t> wait_for_room();
    void deliver(reply_view entry, bool claimed);
    void bury(stream_entry& one) noexcept;
    bool holds(std::string_view id) const;
    std::size_t room() const;

    static task<void> send_verdicts(shared_this self);
    task<result<void>> send_batch();
    task<result<std::size_t>> settle_on_server(command batch);
    std::optional<command> next_batch();
    bool has_verdicts() const;
    void add_verdict(command& to, const stream_entry& of) const;
    void finish_batch(bool sent) noexcept;

    static task<void> look_after(shared_this self);
    task<duration> do_rounds();
    void note_sizes(const std::vector<std::int64_t>& sizes);
    task<void> keep_and_claim();
    task<void> claim_silent();
    task<void> finish();
    task<void> end_reader();
    std::vector<std::string> held_ids() const;

    /// Notes a failure; returns whether the task was cancelled.
    bool failed(const error& why) noexcept;

    loop& home_;
    const std::shared_ptr<stream_shared> shared_;
    const std::string topic_;
    const std::string group_;
    const std::string stream_;
    const std::string name_; // of the consumer
    const std::size_t prefetch_;
    const std::size_t most_read_; // messages per reply

    mutable std::mutex mutex_{}; // guards the following
    entries held_{};             // ready, or with a handler
    entries settled_{};          // their verdicts are to be sent
    entries sending_{};
    std::size_t held_count_ = 0;
    bool retries_ = false; // among those in sending_

    std::atomic<bool> declared_{false};
    std::atomic<bool> deliveries_ended_{false};
    std::atomic<bool> closed_{false};
    std::atomic<bool> verdicts_end_{false};
    std::int64_t connection_id_ = 0;
    time_point next_keep_{};

    channel<std::monostate> established_{};
    channel<std::monostate> room_{1};
    channel<std::monostate> verdicts_{1};
    channel<std::monostate> poked_{1};
    channel<std::monostate> reader_ended_{};
    channel<std::monostate> verdicts_ended_{};
    background reader_{};
    background sender_{};
    background keeper_{};
    channel<mq::claim> arriving_;
};

/// A link to a consumer, which it closes.
class stream_link final : public mq::consumer_link {
public:
    explicit stream_link(std::shared_ptr<stream_consumer> of) noexcept : of_(std::move(of)) {}
    ~stream_link() override { of_->close(); }

    channel<mq::claim>& arriving() noexcept override { return of_->arriving(); }
    task<result<void>> established() override { return of_->established(); }
    void close() noexcept override { of_->close(); }

private:
    const std::shared_ptr<stream_consumer> of_;
};

} // namespace weir::redis::detail
