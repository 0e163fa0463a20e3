// SPDX-License-Identifier: MIT
#include "amqp/administration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sys/time.h>
#include <thread>
#include <utility>

namespace weir::amqp {

namespace {

constexpr amqp_channel_t only_channel = 1;

} // namespace

struct administration::taken {
    dead_letter letter;
    std::uint64_t tag;
};

result<std::unique_ptr<connection>> administration::connect() const {
    error failure;
    for (const std::string& host : options_.hosts) {
        auto opened = connection::open(options_, host);
        if (opened) {
            if (auto ready = (*opened)->open_channel(only_channel); !ready) return ready.error();
            return opened;
        }
        failure = opened.error();
    }
    return failure;
}

result<void> administration::declare(const group_name& of) const {
    const auto on = connect();
    if (!on) return on.error();
    const auto made = topology(options_, **on, only_channel).declare_group(of.topic, of.group);
    if (made) (*on)->close();
    return made;
}

result<std::uint32_t> administration::count_dead(connection& on, const group_name& of) const {
    const std::string name = dead_queue(options_, of.topic, of.group);
    const auto* const got = amqp_queue_declare(on.state(), only_channel, bytes(name), 1, 0, 0, 0, amqp_empty_table);
    if (!got) return on.outcome(fmt::format("topic {} has no group {}", of.topic, of.group)).error();
    return got->message_count;
}

// Takes the next dead letter without acknowledging it.
result<std::optional<administration::taken>> administration::take_dead(connection& on, const group_name& of) const {
    const std::string name = dead_queue(options_, of.topic, of.group);
    const amqp_rpc_reply_t reply = amqp_basic_get(on.state(), only_channel, bytes(name), 0);
    if (auto got = on.outcome(reply, "can't read dead letters"); !got) return got.error();
    if (reply.reply.id == AMQP_BASIC_GET_EMPTY_METHOD) return std::optional<taken>();
    const std::uint64_t tag = static_cast<const amqp_basic_get_ok_t*>(reply.reply.decoded)->delivery_tag;
    amqp_message_t read{};
    if (auto got = on.outcome(amqp_read_message(on.state(), only_channel, &read, 0), "can't read a dead letter"); !got)
        return got.error();
    decoded_message decoded = decode(read.properties);
    decoded.content.topic = of.topic;
    decoded.content.body = text(read.body);
    amqp_destroy_message(&read);
    on.release();
    delivery last(std::make_shared<const message>(std::move(decoded.content)));
    last.attempt = decoded.notes.attempt;
    last.redelivered = true;
    last.first_failed = decoded.notes.first_failed;
    last.last_failure = std::move(decoded.notes.last_failure);
    return std::optional<taken>(taken{{std::move(last), decoded.notes.died.value_or(wall_time())}, tag});
}

// Calls `f` for each dead letter that exists now. Those that it doesn't acknowledge go back in their order.
template<class F>
result<std::size_t> administration::for_dead(const group_name& of, std::size_t most, F f) const {
    const auto on = connect();
    if (!on) return on.error();
    const auto count = count_dead(**on, of);
    if (!count) return count.error();
    std::size_t changed = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(*count, most); ++i) {
        auto next = take_dead(**on, of);
        if (!next) return next.error();
        if (!*next) break;
        const auto acknowledges = f(**on, (*next)->letter);
        if (!acknowledges) return acknowledges.error();
        if (!*acknowledges) continue;
        const int status = amqp_basic_ack((*on)->state(), only_channel, (*next)->tag, 0);
        if (auto sent = connection::sent(status, "can't remove a dead letter"); !sent) return sent.error();
        ++changed;
    }
    // once this is answered, the acknowledgements have arrived
    if (auto closed = (*on)->close_channel(only_channel); !closed) return closed.error();
    await_return(**on, of, *count - changed);
    (*on)->close();
    return changed;
}

// Waits up to a second until the letters that weren't acknowledged can be taken again: a closed channel returns them a
// little later, and the next operation would miss them.
void administration::await_return(connection& on, const group_name& of, std::size_t expected) const {
    if (!on.open_channel(only_channel)) return;
    for (int tries = 0; tries < 100; ++tries) {
        const auto count = count_dead(on, of);
        if (!count || *count >= expected) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

result<std::vector<dead_letter>> administration::dead_letters(const group_name& of, std::size_t most) const {
    std::vector<dead_letter> all;
    const auto looked = for_dead(of, most, [&](connection&, dead_letter& one) -> result<bool> {
        all.push_back(std::move(one));
        return false;
    });
    if (!looked) return looked.error();
    return all;
}

result<std::size_t> administration::discard_dead(const group_name& of, const std::string& id) const {
    return for_dead(of, SIZE_MAX, [&](connection&, dead_letter& one) -> result<bool> {
        return id.empty() || one.last->id == id;
    });
}

result<std::size_t> administration::requeue_dead(const group_name& of, const std::string& id) const {
    bool confirming = false;
    return for_dead(of, SIZE_MAX, [&](connection& on, dead_letter& one) -> result<bool> {
        if (!id.empty() && one.last->id != id) return false;
        if (!std::exchange(confirming, true))
            if (auto set = on.confirm_select(only_channel); !set) return failed(set.error());
        if (auto sent = publish(on, of, *one.last); !sent) return failed(sent.error());
        return true;
    });
}

// Publishes to the group's queue and waits for the confirmation.
result<void> administration::publish(connection& on, const group_name& of, const message& one) const {
    const std::string to = queue_of_key(options_, of.topic, of.group, one.key);
    const message_notes fresh;
    const encoded_properties properties(one, fresh);
    const int status = amqp_basic_publish(
        on.state(), only_channel, amqp_empty_bytes, bytes(to), 1, 0, properties.get(), bytes(one.body));
    if (auto sent = connection::sent(status, "can't send a message"); !sent) return sent;
    bool returned = false;
    for (;;) {
        amqp_frame_t frame{};
        timeval limit{};
        limit.tv_sec = std::chrono::ceil<std::chrono::seconds>(options_.connect_timeout).count();
        const int got = amqp_simple_wait_frame_noblock(on.state(), &frame, &limit);
        if (auto read = connection::sent(got, "the broker hasn't confirmed a message"); !read) return read;
        if (frame.frame_type != AMQP_FRAME_METHOD) continue;
        const amqp_method_number_t method = frame.payload.method.id;
        returned = returned || method == AMQP_BASIC_RETURN_METHOD;
        if (method == AMQP_BASIC_ACK_METHOD && !returned) return ok();
        if (method == AMQP_BASIC_ACK_METHOD || method == AMQP_BASIC_NACK_METHOD ||
            method == AMQP_CHANNEL_CLOSE_METHOD || method == AMQP_CONNECTION_CLOSE_METHOD)
            return error(errc::unavailable, "the broker refused the message");
    }
}

} // namespace weir::amqp
