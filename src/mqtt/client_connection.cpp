// SPDX-License-Identifier: MIT
// The part of client_core that keeps its connection, on the home loop.
#include "mqtt/client_core.hpp"
#include "resilience/random_fraction.hpp"
#include <weir/core/deadline.hpp>
#include <weir/resilience/detail/notify.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weir::mqtt::detail {

using what = client_event::what;

namespace {

constexpr std::size_t read_size = 16 * 1024;
constexpr std::size_t most_output = 1 << 20; // bytes to send; further messages wait in the queue

error lost_qos0() {
    return error(errc::unavailable, "the connection was lost while the message was sent")
        .with_code(std::string(outcome_unknown_code));
}

} // namespace

// Ends everything that waits when the task ends, or its loop. Asio destroys a task if memory runs out as it suspends;
// then it begins again.
class client_core::home_guard {
public:
    explicit home_guard(client_core& of) noexcept : of_(of) {}
    home_guard(const home_guard&) = delete;
    home_guard& operator=(const home_guard&) = delete;
    ~home_guard() {
        if (!of_.finished_ && of_.begin_again()) return;
        of_.finish(of_.closed_failure_);
    }

private:
    client_core& of_;
};

task<void> client_core::run(pointer self) {
    const home_guard guard(*self);
    co_await self->keep_connected();
}

// Returns false if the loop is ending, or memory has run out.
bool client_core::begin_again() noexcept {
    up_ ? disconnected(errc::unavailable) : fail_connection();
    bool posted = false;
    outside_->send([&] {
        try {
            home_->post([self = shared_from_this()] {
                if (!self->finished_) self->runner_ = self->home_->start(run(self));
            });
            posted = true;
        } catch (const std::bad_alloc&) {
            return;
        }
    });
    return posted;
}

task<void> client_core::keep_connected() {
    std::string buffer(read_size, '\0');
    duration pause = options_.retry_base;
    bool failed_before = false;
    for (std::size_t at = 0; !finished_; ++at) {
        try {
            co_await connect_once(at % servers_.size(), buffer, pause);
            failed_before = false;
        } catch (...) {
            if (std::exchange(failed_before, true)) throw; // without memory it can't even wait
            connect_failed(current_error());
        }
    }
}

// Connects, keeps the connection while it lasts, and pauses.
task<void> client_core::connect_once(std::size_t server, std::string& buffer, duration& pause) {
    server_ = options_.servers[server];
    const auto established = co_await establish(servers_[server], buffer);
    if (established) {
        pause = options_.retry_base;
        const error why = co_await talk(buffer);
        disconnected(why);
    } else {
        connect_failed(established.error());
    }
    if (finished_) co_return;
    const double part = 0.5 + resilience::detail::random_fraction({}) / 2;
    const auto longest = static_cast<double>(std::min<duration>(pause, std::chrono::hours(24)).count());
    pause = std::min(weir::detail::sum(pause, pause), options_.retry_max);
    const auto slept = co_await sleep_for(duration(static_cast<duration::rep>(longest * part)));
    if (!slept) finish(closed_failure_);
}

task<result<void>> client_core::establish(const server_address& to, std::string& buffer) {
    result<void> opened = ok();
    try {
        wire_ = new_wire(*home_, to, options_.tls);
        opened = co_await with_timeout(options_.connect_timeout, open(to, buffer));
        if (opened) connected();
    } catch (...) {
        opened = current_error();
    }
    co_return opened;
}

// Connects and greets. A failure leaves the wire to be closed.
task<result<void>> client_core::open(const server_address& to, std::string& buffer) {
    const auto stream = wire_;
    packets_.clear();
    auto reached = co_await stream->connect(to);
    if (!reached) co_return reached;
    out_ = connect_packet();
    flush();
    while (true) {
        const auto first = packets_.next();
        if (!first) co_return first.error();
        if (*first) co_return greet(**first);
        auto got = co_await read_some(buffer);
        if (!got) co_return got;
    }
}

std::string client_core::connect_packet() const {
    connect_text text;
    text.client_id = options_.client_id;
    text.clean_session = options_.clean_session;
    text.keep_alive = static_cast<std::uint16_t>(std::chrono::ceil<std::chrono::seconds>(options_.keep_alive).count());
    if (!options_.user.empty()) text.user = options_.user;
    if (!options_.password.empty()) text.password = options_.password;
    if (const auto& will = options_.will)
        text.will = will_text{will->topic, will->payload, static_cast<std::uint8_t>(will->level), will->retain};
    std::string packet;
    write_connect(packet, text);
    return packet;
}

result<void> client_core::greet(const packet& one) {
    if (one.type != packet_type::connack)
        return error(errc::invalid_argument, "the MQTT broker's first packet isn't a CONNACK");
    const auto text = read_connack(one);
    if (!text) return text.error();
    if (text->code != 0) return refusal(text->code);
    resumed_ = text->session_present;
    return ok();
}

void client_core::connected() {
    up_ = true;
    session_.resume(resumed_, out_);
    for (const auto& [filter, answer] : leaving_) send_unsubscribe(filter);
    for (const auto& [filter, one] : subscriptions_)
        if (!resumed_ || one->answer) send_subscribe(one);
    std::vector<std::shared_ptr<pending>> callers;
    {
        const std::lock_guard held(mutex_);
        counts_.connected = true;
        ++counts_.connects;
        callers.swap(connecting_);
    }
    for (const auto& one : callers) complete(*one, {});
    report(what::connected, {}, {});
    heard_ = true;
    schedule_keep_alive();
    pump();
}

void client_core::connect_failed(const error& why) {
    fail_connection();
    std::vector<std::shared_ptr<pending>> callers;
    const bool permanent = why == errc::unauthenticated || why == errc::permission_denied ||
                           why == errc::invalid_argument || why == errc::unimplemented;
    {
        const std::lock_guard held(mutex_);
        counts_.connected = false;
        ++counts_.connect_failures;
        counts_.last_failure = why;
        if (permanent) callers.swap(connecting_);
    }
    for (const auto& one : callers) complete(*one, why);
    report(what::connect_failed, {}, why);
    if (closing_) finish(closed_failure_);
}

// Returns why the connection ended.
task<error> client_core::talk(std::string& buffer) {
    try {
        while (true) {
            auto step = co_await take_packets();
            if (!step) co_return step.error();
            try_close();
            pump();
            step = co_await read_some(buffer);
            if (!step) co_return step.error();
        }
    } catch (...) {
        co_return current_error();
    }
}

task<result<void>> client_core::take_packets() {
    while (true) {
        const auto one = packets_.next();
        if (!one) co_return one.error();
        if (!*one) co_return ok();
        auto got = session_.receive(**one, out_);
        if (!got) co_return got.error();
        if (!*got) continue;
        count(&client_stats::received);
        deliver(**got);
        if (held_bytes_ <= options_.receive_bytes) continue;
        auto room = co_await wait_for_room();
        if (!room) co_return room;
    }
}

task<result<void>> client_core::read_some(std::string& buffer) {
    const auto stream = wire_;
    const auto got = co_await stream->read(buffer.data(), buffer.size());
    if (!got) co_return got.error();
    heard_ = true;
    packets_.feed(std::string_view(buffer).substr(0, *got));
    co_return ok();
}

void client_core::disconnected(const error& why) {
    fail_connection();
    {
        const std::lock_guard held(mutex_);
        counts_.connected = false;
        if (!farewell_) ++counts_.disconnects;
        if (!farewell_) counts_.last_failure = why;
    }
    session_.disconnected(why);
    if (farewell_) return finish({});
    report(what::disconnected, {}, why);
    if (closing_) finish(closed_failure_);
}

// Forgets the connection. Messages with QoS 0 that it may not have carried are lost.
void client_core::fail_connection() noexcept {
    up_ = false;
    ++connection_;
    if (wire_) wire_->close();
    wire_.reset();
    if (alarm_ && home_) home_->cancel_timer(*std::exchange(alarm_, std::nullopt));
    out_.clear();
    writing_ = pinged_ = false;
    std::vector<std::shared_ptr<pending_publish>> lost;
    lost.swap(sending_);
    for (const auto& one : lost) end_publish(*one, lost_qos0());
    lost.clear();
    lost.swap(unsent_);
    for (const auto& one : lost) end_publish(*one, lost_qos0());
}

void client_core::schedule_keep_alive() {
    if (options_.keep_alive == duration::zero()) return;
    const duration period = std::max<duration>(options_.keep_alive * 3 / 4, std::chrono::milliseconds(1));
    alarm_ = home_->call_at(
        weir::detail::later(home_->clock().now(), period), [weak = weak_from_this(), number = connection_] {
            const auto self = weak.lock();
            if (!self || self->connection_ != number) return;
            self->alarm_.reset();
            self->keep_alive();
        });
}

// Ends the connection if nothing has come since the last ping. While the reading is stopped, nothing can.
void client_core::keep_alive() {
    if (pinged_ && !heard_ && !paused_) return wire_->close();
    pinged_ = true;
    heard_ = false;
    write_empty(out_, packet_type::pingreq);
    flush();
    schedule_keep_alive();
}

void client_core::flush() {
    if (writing_ || out_.empty() || !wire_) return;
    const auto bytes = std::make_shared<const std::string>(std::move(out_));
    out_.clear();
    writing_ = true;
    sending_.swap(unsent_);
    wire_->write(*bytes, [self = shared_from_this(), stream = wire_, bytes, number = connection_](const error& why) {
        self->written(number, why);
    });
}

void client_core::written(std::uint64_t connection, const error& why) {
    if (connection != connection_) return;
    writing_ = false;
    if (why) return wire_->close();
    std::vector<std::shared_ptr<pending_publish>> sent;
    sent.swap(sending_);
    for (const auto& one : sent) end_publish(*one, {});
    if (farewell_ && out_.empty()) return wire_->end_writing();
    if (!up_) return;
    try_close();
    pump();
}

// Sends the queued publications, as many as may be in flight.
void client_core::pump() {
    while (up_ && !farewell_ && session_.has_room() && out_.size() < most_output) {
        const auto one = next_message();
        if (!one) break;
        send(one);
    }
    flush();
}

std::shared_ptr<pending_publish> client_core::next_message() {
    const std::lock_guard held(mutex_);
    if (waiting_.empty()) return nullptr;
    auto one = std::move(waiting_.front());
    waiting_.pop_front();
    one->sent = true;
    return one;
}

void client_core::send(const std::shared_ptr<pending_publish>& one) {
    try {
        auto message = std::make_unique<outgoing>(std::move(one->message));
        const bool tracked = message->qos > 0;
        message->done = [this, one](const error& why) { end_publish(*one, why); };
        if (!tracked) unsent_.push_back(one);
        session_.publish(std::move(message), out_);
    } catch (...) {
        end_publish(*one, current_error());
        throw;
    }
}

void client_core::run_commands() noexcept {
    {
        const std::lock_guard held(mutex_);
        woken_ = false;
    }
    for (auto one = next_command(); !one.empty(); one = next_command()) {
        try {
            one.front().run(*this);
        } catch (...) {
            if (one.front().answer) complete(*one.front().answer, current_error());
            if (wire_) wire_->close(); // the next connection sends what the output lacks
        }
    }
    try {
        try_close();
        pump();
    } catch (...) {
        if (wire_) wire_->close();
    }
}

// A list of the next command, or an empty one: without an allocation.
std::list<client_core::command> client_core::next_command() noexcept {
    std::list<command> one;
    const std::lock_guard held(mutex_);
    if (!commands_.empty()) one.splice(one.end(), commands_, commands_.begin());
    return one;
}

void client_core::report(what kind, std::string_view topic, const error& why) noexcept {
    resilience::detail::notify(options_.on_event, client_event{kind, server_, topic, why});
}

} // namespace weir::mqtt::detail
