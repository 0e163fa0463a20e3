// SPDX-License-Identifier: MIT
#include "mqtt/session.hpp"

#include <algorithm>
#include <utility>

namespace weir::mqtt::detail {

namespace {

error unknown_outcome() {
    return error(errc::unavailable, "the MQTT session was lost before the broker acknowledged the message")
        .with_code(std::string(outcome_unknown_code));
}

error unexpected(const packet& one) {
    return {errc::invalid_argument,
            "the MQTT broker sent an unexpected packet of type " + std::to_string(static_cast<unsigned>(one.type))};
}

publish_text text_of(const outgoing& what, std::uint16_t id, bool duplicate) {
    return {what.topic, what.payload, id, what.qos, what.retain, duplicate};
}

} // namespace

bool session::is_used(std::uint16_t id) const noexcept {
    return requests_.contains(id) || std::ranges::any_of(in_flight_, [id](const sent& one) { return one.id == id; });
}

// There are fewer uses than ids.
std::uint16_t session::next_id() {
    do {
        last_id_ = last_id_ == 65535 ? std::uint16_t(1) : static_cast<std::uint16_t>(last_id_ + 1);
    } while (is_used(last_id_));
    return last_id_;
}

void session::resume(bool present, std::string& out) {
    if (!present) return restart(out);
    for (sent& one : in_flight_) send_again(one, true, out);
}

// The broker knows nothing of what is in flight. What it had received (PUBREC) isn't sent again; QoS 2 without a
// persistent session would be, so its outcome is unknown.
void session::restart(std::string& out) {
    ++number_;
    received_.clear();
    std::list<sent> before;
    before.swap(in_flight_);
    while (!before.empty()) {
        sent& one = before.front();
        if (one.state == awaits::pubcomp || (one.what->qos == 2 && !persistent_)) {
            const auto ended = std::move(one.what);
            const bool taken = one.state == awaits::pubcomp;
            before.pop_front();
            ended->done(taken ? error() : unknown_outcome());
        } else {
            in_flight_.splice(in_flight_.end(), before, before.begin());
            send_again(one, false, out);
        }
    }
}

void session::send_again(sent& one, bool duplicate, std::string& out) {
    if (one.state == awaits::pubcomp) return write_acknowledgement(out, packet_type::pubrel, one.id);
    write_publish(out, text_of(*one.what, one.id, duplicate));
}

void session::publish(std::unique_ptr<outgoing> what, std::string& out) {
    if (what->qos == 0) return write_publish(out, text_of(*what, 0, false));
    sent& one = in_flight_.emplace_back();
    one.state = what->qos == 1 ? awaits::puback : awaits::pubrec;
    one.what = std::move(what);
    one.id = next_id();
    write_publish(out, text_of(*one.what, one.id, false));
}

void session::subscribe(std::string_view filter, std::uint8_t qos, std::string& out, answered done) {
    const std::uint16_t id = next_id();
    write_subscribe(out, id, filter, qos);
    requests_.emplace(id, request{packet_type::suback, std::move(done)});
}

void session::unsubscribe(std::string_view filter, std::string& out, answered done) {
    const std::uint16_t id = next_id();
    write_unsubscribe(out, id, filter);
    requests_.emplace(id, request{packet_type::unsuback, std::move(done)});
}

result<std::optional<incoming>> session::receive(const packet& one, std::string& out) {
    result<void> taken = ok();
    switch (one.type) {
    case packet_type::publish:
        return take_publish(one, out);
    case packet_type::puback:
    case packet_type::pubrec:
    case packet_type::pubrel:
    case packet_type::pubcomp:
        taken = take_acknowledgement(one, out);
        break;
    case packet_type::suback:
    case packet_type::unsuback:
        taken = take_answer(one);
        break;
    case packet_type::pingresp:
        break;
    default:
        return unexpected(one);
    }
    if (!taken) return taken.error();
    return std::optional<incoming>();
}

std::list<session::sent>::iterator session::find(std::uint16_t id) noexcept {
    return std::ranges::find(in_flight_, id, &sent::id);
}

void session::end_at(std::list<sent>::iterator at, error why) {
    const auto what = std::move(at->what);
    in_flight_.erase(at);
    what->done(std::move(why));
}

// An acknowledgement of something unknown is a repetition, and harmless.
result<void> session::take_acknowledgement(const packet& one, std::string& out) {
    const auto id = read_id(one);
    if (!id) return id.error();
    if (one.type == packet_type::pubrel) {
        take_release(*id, out);
        return ok();
    }
    const auto at = find(*id);
    if (one.type == packet_type::pubrec) {
        if (at != in_flight_.end() && at->state == awaits::puback) return unexpected(one);
        if (at != in_flight_.end()) at->state = awaits::pubcomp;
        write_acknowledgement(out, packet_type::pubrel, *id);
        return ok();
    }
    const awaits answered = one.type == packet_type::puback ? awaits::puback : awaits::pubcomp;
    if (at == in_flight_.end()) return ok();
    if (at->state != answered) return unexpected(one);
    end_at(at, {});
    return ok();
}

void session::take_release(std::uint16_t id, std::string& out) {
    received_.erase(id);
    write_acknowledgement(out, packet_type::pubcomp, id);
}

result<void> session::take_answer(const packet& one) {
    const auto id = read_id(one);
    if (!id) return id.error();
    const auto found = requests_.find(*id);
    if (found == requests_.end() || found->second.answer != one.type) return unexpected(one);
    result<std::uint8_t> code = std::uint8_t(0);
    if (one.type == packet_type::suback) code = read_suback(one);
    if (!code) return code.error();
    const auto done = std::move(found->second.done);
    requests_.erase(found);
    done(code);
    return ok();
}

// A repeated message whose delivery is in progress isn't delivered again; its acknowledgement is sent again.
result<std::optional<incoming>> session::take_publish(const packet& one, std::string& out) {
    const auto text = read_publish(one);
    if (!text) return text.error();
    if (text->qos > 0) {
        const auto [known, fresh] = received_.try_emplace(text->id, received::delivered);
        if (!fresh && known->second == received::acknowledged)
            write_acknowledgement(out, packet_type::pubrec, text->id);
        if (!fresh) return std::optional<incoming>();
    }
    incoming got;
    got.content = {std::string(text->topic), std::string(text->payload), static_cast<qos>(text->qos), text->retain,
                   text->duplicate};
    got.id = text->id;
    got.session = number_;
    return std::optional(std::move(got));
}

void session::acknowledge(std::uint16_t id, std::uint8_t qos, std::uint64_t of_session, std::string& out) {
    if (qos == 0 || of_session != number_) return;
    if (qos == 1) {
        received_.erase(id);
        return write_acknowledgement(out, packet_type::puback, id);
    }
    received_[id] = received::acknowledged;
    write_acknowledgement(out, packet_type::pubrec, id);
}

void session::disconnected(const error& why) {
    std::map<std::uint16_t, request> before;
    before.swap(requests_);
    for (auto& [id, one] : before) one.done(result<std::uint8_t>(boost::system::in_place_error, why));
}

void session::close(const error& why) {
    disconnected(why);
    std::list<sent> before;
    before.swap(in_flight_);
    for (sent& one : before) one.what->done(why);
}

} // namespace weir::mqtt::detail
