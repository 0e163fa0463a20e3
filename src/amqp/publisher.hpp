// SPDX-License-Identifier: MIT
#pragma once

#include "amqp/message_codec.hpp"
#include "amqp/session_thread.hpp"
#include "amqp/topology.hpp"
#include "core/remote_wait.hpp"
#include "mq/room_line.hpp"

#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace weir::amqp {

/// A message on its way to the broker. Guarded by the publisher's mutex, except for its constants.
class publication {
public:
    enum class state : std::uint8_t {
        idle,
        queued,
        sent, ///< unconfirmed
        over,
    };

    publication() = default;
    publication(const publication&) = delete;
    publication& operator=(const publication&) = delete;
    virtual ~publication() = default;

    virtual const message& content() const noexcept = 0;
    virtual message_notes notes() const { return {}; }
    /// Where to publish it; may declare what it needs.
    virtual result<destination> route(topology& on, declared_delays& delays) const = 0;
    /// Called once with the outcome, under the publisher's mutex.
    virtual void ended(error failure) noexcept = 0;

    state at = state::idle;
    bool returned = false;                                     ///< no queue takes it
    std::list<std::shared_ptr<publication>>::iterator place{}; ///< while queued
    time_point sent_at{};                                      ///< once sent
};

/// Publishes messages on a connection of its own and waits for their confirmations.
class publisher final : public session_thread {
public:
    publisher(const queue_options& options, std::shared_ptr<session_counts> counts);
    ~publisher() override;

    /// Errors as for `queue::publish`.
    task<result<void>> publish(message one);
    /// Publishes a message of the engine's own; its `ended` has the outcome. errc::unavailable once closed.
    result<void> enqueue(const std::shared_ptr<publication>& one);
    /// Refuses further messages.
    void close() noexcept;
    /// Waits until no publication is in progress.
    task<result<void>> drained();

    std::size_t in_progress() const;

private:
    using shared_publication = std::shared_ptr<publication>;
    class user_message;
    class batch;
    class waiting;

    result<void> begin(connection& to) override;
    result<void> work(connection& to) override;
    result<void> take(connection& from, const amqp_frame_t& frame) override;
    void lost(const error& why) override;

    task<result<mq::detail::room_line::room>> take_room(std::size_t bytes, time_point last);
    task<result<void>> wait_for(std::shared_ptr<user_message> one, time_point last);
    result<void> check_confirmations() const;
    result<void> send(connection& to, const shared_publication& one);
    result<void> take_method(const amqp_method_t& method);
    void confirm(std::uint64_t tag, bool multiple, bool accepted);
    void note_return(const decoded_message& returned);
    void confirm_first(bool accepted);
    void settle(const shared_publication& one, bool accepted);
    void finish(publication& one, error failure) noexcept;
    void end(publication& one, error failure) noexcept;

    const std::shared_ptr<mq::detail::room_line> room_;
    mutable std::mutex mutex_{};
    std::list<shared_publication> queued_{};
    std::size_t in_progress_ = 0; // queued or unconfirmed
    bool closed_ = false;
    channel<std::monostate> drained_{}; // closed when nothing is in progress any more

    // Of the thread.
    std::deque<shared_publication> unconfirmed_{}; // in the order of their tags; null: confirmed out of order
    std::uint64_t first_tag_ = 1;
    time_point unblocked_at_{};
    content_reader returned_;
    declared_delays delays_{};
};

} // namespace weir::amqp
