// SPDX-License-Identifier: MIT
#include "amqp/publisher.hpp"

#include "mq/queue_names.hpp"

#include <algorithm>
#include <utility>

namespace weir::amqp {

namespace {

using weir::detail::remote_wait;
constexpr amqp_channel_t publishing = 1;

error unknown_outcome(errc kind, std::string message) {
    return error(kind, std::move(message)).with_code(std::string(outcome_unknown_code));
}

} // namespace

// A message of a task, which waits for the outcome.
class publisher::user_message final : public publication {
public:
    user_message(const queue_options& options, message of, mq::detail::room_line::room taken, loop& home)
        : options_(options), content_(std::move(of)), room_(std::move(taken)),
          wait(std::make_shared<remote_wait>(home)) {}

    const message& content() const noexcept override { return content_; }
    result<destination> route(topology& on, declared_delays& delays) const override;
    void ended(error failure) noexcept override {
        outcome = std::move(failure);
        room_.reset();
        if (awaited) wait->wake();
    }

private:
    const queue_options& options_;
    const message content_;
    std::optional<mq::detail::room_line::room> room_;

public:
    const std::shared_ptr<remote_wait> wait;
    bool awaited = true; // the task still waits
    error outcome{};
};

result<destination> publisher::user_message::route(topology& on, declared_delays& delays) const {
    const std::string& topic = content_.topic;
    std::string key = routing_key(content_.key, options_.partitions);
    if (content_.delay > duration::zero()) {
        const std::int64_t delay = rounded_delay(content_.delay);
        std::string exchange = delay_exchange(options_, topic, delay);
        if (delays.is_due(exchange, now()))
            if (auto made = on.declare_delay(topic, delay); !made) return made.error();
        return destination{std::move(exchange), std::move(key)};
    }
    std::string exchange = exchange_name(options_, topic);
    if (delays.is_due(exchange, now()))
        if (auto made = on.declare_topic(topic); !made) return made.error();
    return destination{std::move(exchange), std::move(key)};
}

// The presence of a publication's task.
class publisher::waiting {
public:
    waiting(publisher& in, user_message& one) noexcept : in_(in), one_(one) {}
    waiting(const waiting&) = delete;
    waiting& operator=(const waiting&) = delete;
    ~waiting() {
        const std::lock_guard lock(in_.mutex_);
        one_.awaited = false;
        if (one_.at != publication::state::queued) return;
        in_.queued_.erase(one_.place); // it isn't sent any more
        in_.end(one_, errc::cancelled);
    }

private:
    publisher& in_;
    user_message& one_;
};

// The next queued publications; those that aren't taken go back to the front of the queue.
class publisher::batch {
public:
    explicit batch(publisher& in) : in_(in) {
        constexpr std::size_t most = 128; // then the confirmations are read
        const std::lock_guard lock(in_.mutex_);
        while (!in_.queued_.empty() && all_.size() < most) {
            in_.queued_.front()->at = publication::state::sent;
            all_.splice(all_.end(), in_.queued_, in_.queued_.begin());
        }
        if (!in_.queued_.empty()) in_.wake();
    }
    batch(const batch&) = delete;
    batch& operator=(const batch&) = delete;
    ~batch() {
        const std::lock_guard lock(in_.mutex_);
        for (const auto& one : all_) one->at = publication::state::queued;
        in_.queued_.splice(in_.queued_.begin(), all_);
    }

    bool empty() const noexcept { return all_.empty(); }
    // Moves the first publication to unconfirmed_.
    const shared_publication& take() {
        in_.unconfirmed_.push_back(all_.front());
        all_.pop_front();
        in_.unconfirmed_.back()->sent_at = now();
        return in_.unconfirmed_.back();
    }

private:
    publisher& in_;
    std::list<shared_publication> all_;
};

publisher::publisher(const queue_options& options, std::shared_ptr<session_counts> counts)
    : session_thread(options, std::move(counts), "amqp-pub"),
      room_(std::make_shared<mq::detail::room_line>(options.max_pending, options.max_pending_bytes)),
      returned_(options.max_message_bytes) {}

publisher::~publisher() {
    close();
    stop();
    join();
}

task<result<void>> publisher::publish(message one) {
    const executor here = co_await this_task;
    context& ctx = here.context();
    const time_point limit = weir::detail::later(ctx.loop().clock().now(), options_.publish_wait);
    const time_point last = std::min(limit, ctx.deadline());
    auto room = co_await take_room(one.size(), last);
    if (!room) co_return room.error();
    const auto made = std::make_shared<user_message>(options_, std::move(one), std::move(*room), ctx.loop());
    co_return co_await wait_for(made, last);
}

task<result<mq::detail::room_line::room>> publisher::take_room(std::size_t bytes, time_point last) {
    if (auto free = room_->try_take(bytes)) co_return std::move(*free);
    auto taken = co_await room_->take(bytes, last);
    if (taken || taken.error() != errc::deadline_exceeded) co_return taken;
    co_return error(errc::deadline_exceeded, "too many messages wait for the broker's confirmation")
        .with_code("queue_full");
}

task<result<void>> publisher::wait_for(std::shared_ptr<user_message> one, time_point last) {
    const waiting mine(*this, *one);
    if (const auto queued = enqueue(one); !queued) co_return queued;
    const auto ending = co_await one->wait->until(last);
    const std::lock_guard lock(mutex_);
    if (one->at == publication::state::over) {
        if (one->outcome) co_return one->outcome;
        co_return ok();
    }
    const errc kind = ending == remote_wait::ending::cancelled ? errc::cancelled : errc::deadline_exceeded;
    if (one->at == publication::state::sent) {
        counts_->outcome_unknown.fetch_add(1, std::memory_order_relaxed);
        co_return unknown_outcome(kind, "the broker hasn't confirmed the message");
    }
    if (kind == errc::cancelled) co_return kind;
    const char* const code = blocked() ? "broker_blocked" : connected() ? "queue_full" : "not_connected";
    co_return error(kind, "the message couldn't be sent to the broker in time").with_code(code);
}

result<void> publisher::enqueue(const shared_publication& one) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return mq::detail::closed_queue();
        one->place = queued_.insert(queued_.end(), one);
        one->at = publication::state::queued;
        ++in_progress_;
        if (queued_.size() > 1) return ok(); // it is awake
    }
    wake();
    return ok();
}

void publisher::close() noexcept {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (in_progress_ == 0) drained_.close();
}

task<result<void>> publisher::drained() {
    const auto ended = co_await drained_.receive();
    if (ended.error() == errc::unavailable) co_return ok(); // closed
    co_return ended.error();
}

std::size_t publisher::in_progress() const {
    const std::lock_guard lock(mutex_);
    return in_progress_;
}

result<void> publisher::begin(connection& to) {
    first_tag_ = 1;
    delays_ = {};
    if (auto opened = to.open_channel(publishing); !opened) return opened;
    return to.confirm_select(publishing);
}

// Sends some of the queued publications. One that is sent is in unconfirmed_, where a lost connection finds it.
result<void> publisher::work(connection& to) {
    if (blocked()) {
        unblocked_at_ = now();
        return ok();
    }
    if (auto in_time = check_confirmations(); !in_time) return in_time;
    for (batch next(*this); !next.empty();)
        if (auto sent = send(to, next.take()); !sent) return sent;
    return ok();
}

// A broker that has just restarted may never confirm a message that it took before its queues were ready.
result<void> publisher::check_confirmations() const {
    if (unconfirmed_.empty()) return ok();
    const time_point since = std::max(unconfirmed_.front()->sent_at, unblocked_at_);
    if (now() < weir::detail::later(since, 2 * options_.heartbeat)) return ok();
    return error(errc::unavailable, "the broker has left a message unconfirmed for too long");
}

result<void> publisher::send(connection& to, const shared_publication& one) {
    topology on_broker(options_, to, publishing);
    const auto where = one->route(on_broker, delays_);
    if (!where) return where.error();
    const message& content = one->content();
    message_notes notes = one->notes();
    notes.tag = static_cast<std::int64_t>(first_tag_ + unconfirmed_.size() - 1);
    const encoded_properties properties(content, notes);
    const int status = amqp_basic_publish(
        to.state(), publishing, bytes(where->exchange), bytes(where->key), 1, 0, properties.get(), bytes(content.body));
    return connection::sent(status, "can't send a message");
}

result<void> publisher::take(connection&, const amqp_frame_t& frame) {
    if (frame.frame_type == AMQP_FRAME_METHOD) return take_method(frame.payload.method);
    const auto complete = returned_.take(frame);
    if (!complete) return complete.error();
    if (*complete) note_return(returned_.finish());
    return ok();
}

result<void> publisher::take_method(const amqp_method_t& method) {
    switch (method.id) {
    case AMQP_BASIC_ACK_METHOD: {
        const auto& ack = *static_cast<const amqp_basic_ack_t*>(method.decoded);
        confirm(ack.delivery_tag, ack.multiple != 0, true);
        return ok();
    }
    case AMQP_BASIC_NACK_METHOD: {
        const auto& nack = *static_cast<const amqp_basic_nack_t*>(method.decoded);
        confirm(nack.delivery_tag, nack.multiple != 0, false);
        return ok();
    }
    case AMQP_BASIC_RETURN_METHOD:
        returned_.begin();
        return ok();
    case AMQP_CHANNEL_CLOSE_METHOD: {
        const auto& closed = *static_cast<const amqp_channel_close_t*>(method.decoded);
        return error(errc::unavailable, "the broker closed the channel: " + std::string(text(closed.reply_text)));
    }
    default:
        return ok();
    }
}

// A returned message is confirmed after its return.
void publisher::note_return(const decoded_message& returned) {
    const auto index = static_cast<std::uint64_t>(returned.notes.tag) - first_tag_;
    if (index < unconfirmed_.size() && unconfirmed_[index]) unconfirmed_[index]->returned = true;
}

void publisher::confirm(std::uint64_t tag, bool multiple, bool accepted) {
    if (tag < first_tag_ || tag - first_tag_ >= unconfirmed_.size()) return;
    if (multiple)
        while (first_tag_ < tag) confirm_first(accepted);
    const auto one = std::exchange(unconfirmed_[tag - first_tag_], nullptr);
    settle(one, accepted);
    while (!unconfirmed_.empty() && !unconfirmed_.front()) confirm_first(accepted);
}

void publisher::confirm_first(bool accepted) {
    const auto one = std::move(unconfirmed_.front());
    unconfirmed_.pop_front();
    ++first_tag_;
    settle(one, accepted);
}

void publisher::settle(const shared_publication& one, bool accepted) {
    if (!one) return;
    if (one->returned) {
        counts_->unroutable.fetch_add(1, std::memory_order_relaxed);
        return finish(*one, mq::detail::unroutable(one->content().topic));
    }
    if (accepted) return finish(*one, {});
    counts_->nacked.fetch_add(1, std::memory_order_relaxed);
    finish(*one, error(errc::unavailable, "the broker refused the message").with_code("nacked"));
}

void publisher::finish(publication& one, error failure) noexcept {
    const std::lock_guard lock(mutex_);
    end(one, std::move(failure));
}

void publisher::end(publication& one, error failure) noexcept {
    one.at = publication::state::over;
    one.ended(std::move(failure));
    if (--in_progress_ == 0 && closed_) drained_.close();
}

// Messages that weren't sent wait for the next connection, except when the thread ends.
void publisher::lost(const error& why) {
    auto sent = std::exchange(unconfirmed_, {});
    for (const auto& one : sent) {
        if (!one) continue;
        counts_->outcome_unknown.fetch_add(1, std::memory_order_relaxed);
        finish(*one, unknown_outcome(
                         errc::unavailable, "the broker hasn't confirmed the message: " + std::string(why.message())));
    }
    if (!stopping()) return;
    std::list<shared_publication> left;
    {
        const std::lock_guard lock(mutex_);
        left.swap(queued_);
        for (const auto& one : left) one->at = publication::state::sent; // its task must not look for it in the list
    }
    for (const auto& one : left) finish(*one, mq::detail::closed_queue());
}

} // namespace weir::amqp
