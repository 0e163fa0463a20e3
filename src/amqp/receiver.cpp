// SPDX-License-Identifier: MIT
#include "amqp/receiver.hpp"

#include <algorithm>
#include <utility>

namespace weir::amqp {

namespace {

constexpr amqp_channel_t asking = 1; // for depths
constexpr duration pause_after_failure = std::chrono::seconds(1);

} // namespace

// A failed message on its way to the queue for its retry, or to the dead letters.
class receiver::move final : public publication {
public:
    move(const queue_options& options, broker_delivery& of) noexcept : options_(options), of_(of), link_(of.in) {
        noted_.first_failed = of.delivered.first_failed;
        noted_.last_failure.swap(of.delivered.last_failure);
        noted_.attempt = of.delivered.attempt;
        if (dies())
            noted_.died = system_clock().wall_now();
        else
            ++noted_.attempt;
    }

    const message& content() const noexcept override { return *of_.delivered; }
    message_notes notes() const override { return noted_; }
    result<destination> route(topology& on, declared_delays& delays) const override {
        if (dies()) return destination{"", dead_queue(options_, link_->topic(), link_->group())};
        const std::int64_t delay = rounded_delay(of_.how.delay);
        std::string to = retry_queue(options_, link_->topic(), link_->group(), delay);
        if (delays.is_due(to, now()))
            if (auto made = on.declare_retry(link_->topic(), link_->group(), delay); !made) return made.error();
        return destination{"", std::move(to)};
    }
    void ended(error failure) noexcept override {
        of_.moved = !failure;
        of_.move_failed = !of_.moved;
        of_.settle({mq::verdict::done});
    }

private:
    bool dies() const noexcept { return of_.how.how == mq::verdict::dead; }

    const queue_options& options_;
    broker_delivery& of_;
    const std::shared_ptr<link> link_;
    message_notes noted_{};
};

receiver::receiver(const queue_options& options, std::shared_ptr<session_counts> counts, publisher& moves)
    : session_thread(options, std::move(counts), "amqp-sub"), moves_(moves),
      settled_(std::make_shared<settlements>(waker())) {}

receiver::~receiver() {
    stop();
    join();
}

std::shared_ptr<link> receiver::add(const consume_options& of) {
    auto made = std::make_shared<link>(options_, of, settled_);
    {
        const std::lock_guard lock(mutex_);
        if (ended_) {
            made->ended_ = true;
            made->established_.close();
            made->ready_.close();
            return made;
        }
        links_.push_back(made);
    }
    wake();
    return made;
}

std::vector<std::shared_ptr<link>> receiver::links() const {
    const std::lock_guard lock(mutex_);
    return links_;
}

void receiver::describe(queue_stats& shown) const {
    for (const auto& one : links()) {
        auto stats = one->stats();
        const auto same = std::ranges::find_if(shown.groups, [&](const auto& two) {
            return two.topic == stats.topic && two.group == stats.group;
        });
        if (same == shown.groups.end()) {
            shown.groups.push_back(std::move(stats));
            continue;
        }
        same->in_flight += stats.in_flight;
        same->depth += stats.in_flight;
    }
}

result<void> receiver::begin(connection& to) {
    next_look_ = {};
    last_channel_ = asking;
    return to.open_channel(asking);
}

amqp_channel_t receiver::next_channel() noexcept {
    do last_channel_ = last_channel_ >= 2'000 ? asking + 1 : static_cast<amqp_channel_t>(last_channel_ + 1);
    while (by_channel_.contains(last_channel_));
    return last_channel_;
}

result<void> receiver::work(connection& to) {
    if (auto settled = settle_all(to); !settled) return settled;
    if (auto removed = remove_closing(to); !removed) return removed;
    for (const auto& one : links()) {
        if (auto updated = update(to, one); !updated) return updated;
    }
    if (now() >= next_look_) return look_at_depths(to);
    return ok();
}

result<void> receiver::update(connection& to, const std::shared_ptr<link>& one) {
    one->release_due(now());
    if (one->channel_ != 0 || now() < one->retry_at_) return ok();
    const auto made = establish(to, one);
    if (made) {
        one->established_.close();
        return ok();
    }
    counts_->note(made.error());
    one->reset();
    one->retry_at_ = now() + pause_after_failure;
    return to.broken() ? made : ok();
}

result<void> receiver::establish(connection& to, const std::shared_ptr<link>& one) {
    const amqp_channel_t channel = next_channel();
    if (auto opened = to.open_channel(channel); !opened) return opened;
    one->channel_ = channel;
    topology on_broker(options_, to, channel);
    auto made = on_broker.declare_group(one->topic(), one->group());
    if (made) made = consume(to, *one);
    if (made)
        by_channel_[channel] = one;
    else
        to.accept_close(channel);
    return made;
}

result<void> receiver::consume(connection& to, link& one) {
    amqp_basic_qos(to.state(), one.channel_, 0, one.prefetch_, 0);
    if (auto set = to.outcome("can't set the prefetch"); !set) return set;
    for (std::size_t i = 0; i <= options_.partitions; ++i) {
        const std::string from = i == options_.partitions ? group_queue(options_, one.topic(), one.group())
                                                          : partition_queue(options_, one.topic(), one.group(), i);
        amqp_basic_consume(to.state(), one.channel_, bytes(from), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
        if (auto begun = to.outcome("can't consume from " + from); !begun) return begun;
    }
    return ok();
}

// Closing the channel returns all unsettled messages to their places.
result<void> receiver::remove_closing(connection& to) {
    std::vector<std::shared_ptr<link>> closing;
    {
        const std::lock_guard lock(mutex_);
        const auto goes = [](const auto& one) { return one->closing_.load(std::memory_order_acquire); };
        std::ranges::copy_if(links_, std::back_inserter(closing), goes);
        std::erase_if(links_, goes);
    }
    for (const auto& one : closing) {
        one->established_.close();
        if (auto ended = restart(to, *one); !ended) return ended;
    }
    return ok();
}

// Closes a link's channel; unless the link is gone it gets another one after a pause.
result<void> receiver::restart(connection& to, link& one) {
    const amqp_channel_t channel = one.channel_;
    by_channel_.erase(channel);
    one.reset();
    one.retry_at_ = now() + pause_after_failure;
    if (channel == 0) return ok();
    return to.close_channel(channel);
}

result<void> receiver::settle_all(connection& to) {
    auto all = settled_->take();
    while (broker_delivery* const one = all.pop_front()) {
        auto settled = settle(to, *one);
        if (settled) continue;
        while (broker_delivery* const left = all.pop_front()) left->in->drop(*left); // the connection is lost
        return settled;
    }
    return ok();
}

// A message with a key that goes back keeps its key and isn't acknowledged: its channel is about to be closed, which
// returns all messages in their order.
result<void> receiver::settle(connection& to, broker_delivery& one) {
    using mq::verdict;
    link& in = *one.in;
    const auto kept = one.in;
    if (!in.current(one)) {
        in.drop(one);
        return ok();
    }
    if (one.move_failed) {
        in.drop(one);
        return restart(to, in);
    }
    if (one.how.how == verdict::retry && !one.key().empty()) {
        ++one.delivered.attempt;
        one.delivered.redelivered = true;
        in.hold(one, weir::detail::later(now(), one.how.delay));
        return ok();
    }
    if (one.how.how == verdict::retry || one.how.how == verdict::dead) {
        move_away(one);
        return ok();
    }
    int status = AMQP_STATUS_OK;
    if (one.how.how == verdict::done)
        status = amqp_basic_ack(to.state(), in.channel_, one.tag, 0);
    else if (one.key().empty())
        status = amqp_basic_nack(to.state(), in.channel_, one.tag, 0, 1);
    in.drop(one);
    return connection::sent(status, "can't acknowledge a message");
}

void receiver::move_away(broker_delivery& one) {
    if (moves_.enqueue(std::make_shared<move>(options_, one))) return;
    one.in->drop(one); // the queue is being closed: the broker delivers it again
}

result<void> receiver::take(connection& from, const amqp_frame_t& frame) {
    const auto found = by_channel_.find(frame.channel);
    if (found == by_channel_.end()) return ok(); // of a channel that was closed
    const auto in = found->second;
    if (frame.frame_type == AMQP_FRAME_METHOD) return take_method(from, frame, in);
    const auto complete = in->reader_.take(frame);
    if (!complete) return complete.error();
    if (*complete) return arrive(from, in);
    return ok();
}

result<void> receiver::take_method(connection& from, const amqp_frame_t& frame, const std::shared_ptr<link>& in) {
    const amqp_method_t& method = frame.payload.method;
    switch (method.id) {
    case AMQP_BASIC_DELIVER_METHOD: {
        const auto& delivered = *static_cast<const amqp_basic_deliver_t*>(method.decoded);
        in->arriving_tag_ = delivered.delivery_tag;
        in->arriving_again_ = delivered.redelivered != 0;
        in->reader_.begin();
        return ok();
    }
    case AMQP_BASIC_CANCEL_METHOD:
        counts_->cancelled_by_broker.fetch_add(1, std::memory_order_relaxed);
        return restart(from, *in);
    case AMQP_CHANNEL_CLOSE_METHOD: {
        const auto& closed = *static_cast<const amqp_channel_close_t*>(method.decoded);
        counts_->note(error(errc::unavailable, "the broker closed a channel: " + std::string(text(closed.reply_text))));
        from.accept_close(frame.channel);
        in->channel_ = 0;
        by_channel_.erase(frame.channel);
        return restart(from, *in);
    }
    default:
        return ok();
    }
}

result<void> receiver::arrive(connection& from, const std::shared_ptr<link>& in) {
    if (in->reader_.too_large()) {
        const int status = amqp_basic_nack(from.state(), in->channel_, in->arriving_tag_, 0, 0); // a dead letter
        return connection::sent(status, "can't refuse a message");
    }
    decoded_message read = in->reader_.finish();
    read.content.topic = in->topic();
    auto content = std::make_shared<const message>(std::move(read.content));
    auto made = std::make_unique<broker_delivery>(in, std::move(content), in->arriving_tag_, in->epoch_);
    made->delivered.attempt = read.notes.attempt;
    made->delivered.first_failed = read.notes.first_failed;
    made->delivered.last_failure = std::move(read.notes.last_failure);
    made->delivered.redelivered = in->arriving_again_ || read.redelivered || read.notes.attempt > 1;
    in->offer(*made);
    (void)made.release();
    return ok();
}

void receiver::lost(const error&) {
    by_channel_.clear();
    for (const auto& one : links()) {
        one->reset();
        one->retry_at_ = {};
    }
    if (!stopping()) return;
    std::vector<std::shared_ptr<link>> ended;
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        ended.swap(links_);
    }
    for (const auto& one : ended) {
        one->ended_ = true;
        one->ready_.close();
        one->reset();
        one->established_.close();
    }
    settled_->close();
}

time_point receiver::next_due() const {
    time_point first = next_look_;
    for (const auto& one : links()) {
        if (!one->held_.empty()) first = std::min(first, one->held_.begin()->first);
        if (one->channel_ == 0) first = std::min(first, one->retry_at_);
    }
    return first;
}

result<void> receiver::look_at_depths(connection& to) {
    next_look_ = now() + options_.depth_interval;
    for (const auto& one : links()) {
        if (one->channel_ == 0) continue;
        std::size_t ready = 0;
        for (std::size_t i = 0; i <= options_.partitions; ++i) {
            const auto depth =
                depth_of(to, i == options_.partitions ? group_queue(options_, one->topic(), one->group())
                                                      : partition_queue(options_, one->topic(), one->group(), i));
            if (!depth) return depth.error();
            ready += *depth;
        }
        const auto dead = depth_of(to, dead_queue(options_, one->topic(), one->group()));
        if (!dead) return dead.error();
        one->on_broker_.store(ready, std::memory_order_relaxed);
        one->dead_.store(*dead, std::memory_order_relaxed);
    }
    return ok();
}

// 0 for a queue that doesn't exist.
result<std::size_t> receiver::depth_of(connection& to, const std::string& queue) {
    const auto* const got = amqp_queue_declare(to.state(), asking, bytes(queue), 1, 0, 0, 0, amqp_empty_table);
    if (got) return got->message_count;
    const auto failed = to.outcome("can't look at queue " + queue);
    if (to.broken()) return failed.error();
    to.accept_close(asking);
    if (auto opened = to.open_channel(asking); !opened) return opened.error();
    return 0;
}

} // namespace weir::amqp
