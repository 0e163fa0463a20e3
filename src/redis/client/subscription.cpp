// SPDX-License-Identifier: MIT
#include "redis/client/client_core.hpp"
#include "redis/client/loop_client.hpp"
#include "redis/link/link.hpp"
#include <weir/core/channel.hpp>
#include <weir/redis/subscription.hpp>

#include <deque>
#include <utility>

namespace weir::redis {

namespace {

void check(const subscription_options& options) {
    const auto refuse = [](std::string_view what) {
        throw error_exception(error(errc::invalid_argument, "subscription_options::" + std::string(what)));
    };
    if (options.channels.empty() && options.patterns.empty()) refuse("channels: accepted one or more, or patterns");
    if (options.max_messages == 0) refuse("max_messages = 0: accepted 1 or more");
    if (options.max_bytes == 0) refuse("max_bytes = 0: accepted 1 or more");
}

} // namespace

struct subscription::state final : detail::link_owner {
    state(client& of, loop& home, subscription_options given)
        : options(std::move(given)), part(of.core()->at(home).weak_from_this()),
          link(of.core()->at(home).listen(*this)) {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() { link->drop_all(); }

    void locate(detail::link& one) override;
    void connected(detail::link& one) override;
    void lost(detail::link& one, const error& why) override;
    void pushed(detail::link& one, reply_view what) override;
    void closed(detail::link& one, const error& why) override;

    void confirmed();
    void add(message one);
    void note(message::kind what);
    void drop_oldest();
    message take();
    void wake() {
        (void)more.try_send(true);
        (void)changed.try_send(true);
    }

    static std::size_t size_of(const message& one) noexcept { return one.payload.size() + one.channel.size(); }

    subscription_options options;
    std::weak_ptr<detail::loop_client> part;
    std::shared_ptr<detail::link> link;
    std::deque<message> buffer{};
    std::size_t bytes = 0;
    std::uint64_t missed = 0;
    std::size_t unconfirmed = 0;
    bool subscribed = false;
    bool was_lost = false;
    error failure{};
    subscription_stats counts{};
    channel<bool> more{1};
    channel<bool> changed{1};
};

void subscription::state::locate(detail::link& one) {
    if (const auto alive = part.lock())
        alive->locate(one);
    else
        one.close(errc::unavailable);
}

void subscription::state::connected(detail::link& one) {
    unconfirmed = options.channels.size() + options.patterns.size();
    std::string bytes_to_send;
    if (!options.channels.empty()) bytes_to_send += command("SUBSCRIBE", options.channels).encoded();
    if (!options.patterns.empty()) bytes_to_send += command("PSUBSCRIBE", options.patterns).encoded();
    if (const auto alive = part.lock()) alive->connected(one);
    one.send(bytes_to_send);
}

void subscription::state::lost(detail::link& one, const error& why) {
    if (const auto alive = part.lock()) alive->lost(one, why);
    if (!std::exchange(subscribed, false)) return;
    ++counts.losses;
    was_lost = true;
    note(message::kind::lost);
}

void subscription::state::closed(detail::link&, const error& why) {
    if (!failure) failure = why;
    wake();
}

void subscription::state::confirmed() {
    if (unconfirmed == 0 || --unconfirmed > 0) return;
    subscribed = true;
    if (std::exchange(was_lost, false)) note(message::kind::resumed);
    wake();
}

void subscription::state::pushed(detail::link& one, reply_view what) {
    if (what.kind() == reply_kind::error) {
        failure = error_of(what.text());
        return one.close(failure);
    }
    auto at = what.begin();
    const auto next = [&] { return std::string((*at++).text()); };
    const std::string_view verb = what.size() > 0 ? (*at++).text() : std::string_view();
    if (verb == "subscribe" || verb == "psubscribe") return confirmed();
    message got;
    if (verb == "pmessage" && what.size() == 4)
        got.pattern = next();
    else if (verb != "message" || what.size() != 3)
        return; // the answer to a PING
    got.channel = next();
    got.payload = next();
    ++counts.received;
    add(std::move(got));
}

void subscription::state::add(message one) {
    bytes += size_of(one);
    buffer.push_back(std::move(one));
    while (buffer.size() > 1 && (buffer.size() > options.max_messages || bytes > options.max_bytes)) drop_oldest();
    wake();
}

// These two are few: one of them stays at most between two messages.
void subscription::state::note(message::kind what) {
    if (!buffer.empty() && buffer.back().what == message::kind::resumed && what == message::kind::lost)
        buffer.pop_back();
    else if (buffer.empty() || buffer.back().what != what)
        add({what, {}, {}, {}, 0});
}

void subscription::state::drop_oldest() {
    bytes -= size_of(buffer.front());
    if (buffer.front().what == message::kind::published) {
        ++missed;
        ++counts.dropped;
    }
    buffer.pop_front();
}

message subscription::state::take() {
    if (missed > 0) return {message::kind::overflow, {}, {}, {}, std::exchange(missed, 0)};
    message first = std::move(buffer.front());
    bytes -= size_of(first);
    buffer.pop_front();
    return first;
}

subscription::subscription(client& on, loop& home, subscription_options options) {
    check(options);
    state_ = std::make_shared<state>(on, home, std::move(options));
    if (on.core()->terms->closed)
        state_->link->close(error(errc::unavailable, "the redis client is closed"));
    else
        state_->link->open();
}

subscription::subscription(subscription&&) noexcept = default;
subscription& subscription::operator=(subscription&&) noexcept = default;
subscription::~subscription() = default;

task<result<void>> subscription::ready() {
    const auto mine = state_;
    while (!mine->subscribed && !mine->failure) {
        auto changed = co_await mine->changed.receive();
        if (!changed) co_return changed.error();
    }
    if (mine->failure) co_return mine->failure;
    co_return ok();
}

task<result<message>> subscription::next() {
    const auto mine = state_;
    while (mine->buffer.empty() && mine->missed == 0) {
        if (mine->failure) co_return mine->failure;
        auto more = co_await mine->more.receive();
        if (!more) co_return more.error();
    }
    co_return mine->take();
}

subscription_stats subscription::stats() const noexcept {
    subscription_stats now = state_->counts;
    now.buffered = state_->buffer.size();
    now.subscribed = state_->subscribed;
    return now;
}

} // namespace weir::redis
