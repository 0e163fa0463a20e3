// SPDX-License-Identifier: MIT
#include "mq/relay.hpp"

#include "mq/queue_names.hpp"
#include "resilience/option_check.hpp"
#include "resilience/random_fraction.hpp"
#include <weir/core/deadline.hpp>
#include <weir/core/task_group.hpp>
#include <weir/resilience/detail/notify.hpp>
#include <weir/resilience/detail/protected_call.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace weir::mq::detail {

namespace {

using resilience::detail::check_range;

// `first`, doubled `times` times but at most `most`; half of it is random.
duration growing(duration first, duration most, double times, const std::function<double()>& random) noexcept {
    const double grown = static_cast<double>(first.count()) * std::pow(2.0, times);
    const double bound = std::min(grown, static_cast<double>(most.count()));
    return duration(static_cast<duration::rep>(bound / 2 * (1 + resilience::detail::random_fraction(random))));
}

void check_count(const char* option, std::size_t value, std::size_t most) {
    resilience::detail::check_option(value >= 1 && value <= most, option, value, "1 to " + std::to_string(most));
}

} // namespace

void check(const outbox_relay_options& options) {
    constexpr duration longest = std::chrono::hours(24);
    check_count("outbox_relay_options.batch", options.batch, 10'000);
    check_count("outbox_relay_options.batch_bytes", options.batch_bytes, std::size_t{1} << 30U);
    check_count("outbox_relay_options.concurrency", options.concurrency, 10'000);
    check_count("outbox_relay_options.max_unhandled", options.max_unhandled, 30'000);
    check_range("outbox_relay_options.lease", options.lease, std::chrono::milliseconds(1), longest);
    check_range("outbox_relay_options.publish_timeout", options.publish_timeout, duration(1));
    check_range("outbox_relay_options.poll", options.poll, std::chrono::milliseconds(1), longest);
    check_range("outbox_relay_options.max_poll", options.max_poll, options.poll, longest);
    check_range("outbox_relay_options.backoff", options.backoff, duration::zero(), longest);
    check_range("outbox_relay_options.max_backoff", options.max_backoff, options.backoff, longest);
    check_range("outbox_relay_options.measure_every", options.measure_every, duration::zero());
}

// Marks the run as running until it ends, also if it never begins or its loop is destroyed.
class relay::presence {
public:
    explicit presence(std::shared_ptr<relay> in) noexcept : of(std::move(in)) { of->running_ = true; }
    presence(const presence&) = delete;
    presence& operator=(const presence&) = delete;
    ~presence() {
        of->running_ = false;
        of->ended_.close();
    }

    const std::shared_ptr<relay> of;
};

relay::relay(outbox_store& from, queue& to, outbox_relay_options options)
    : from_(from), to_(to), options_(std::move(options)), holder_(unique_id()) {}

task<void> relay::begin(loop& on) {
    home_ = &on;
    return run(std::make_unique<presence>(shared_from_this()));
}

void relay::quit() noexcept {
    stopping_ = true;
    quit_.close();
}

void relay::abandon() noexcept {
    abandoned_ = true;
    quit();
}

outbox_relay_stats relay::stats() const noexcept {
    outbox_relay_stats shown;
    shown.relayed = counts_.sum(relayed);
    shown.failed = counts_.sum(failed);
    shown.lost = counts_.sum(lost);
    shown.store_errors = counts_.sum(store_errors);
    shown.pending = pending_;
    shown.oldest = duration(oldest_);
    shown.unhandled = waiting_;
    shown.running = running_;
    return shown;
}

task<void> relay::run(std::unique_ptr<presence> mine) {
    relay& self = *mine->of;
    bool goes_on = true;
    while (goes_on && !self.stopping_) {
        const rest next = co_await self.guarded_turn();
        if (next.pause > duration::zero()) goes_on = co_await self.pause(next);
    }
    if (self.abandoned_) co_return;
    auto ending = [&self] { return self.finish(); };
    (void)co_await resilience::detail::call(ending); // rows that it leaves are free when their lease ends
}

task<relay::rest> relay::guarded_turn() {
    error failure; // co_await and co_return aren't allowed in a catch block
    try {
        co_return co_await turn();
    } catch (...) {
        failure = current_error();
    }
    co_return after_failure(outbox_event::what::relay_failed, std::move(failure));
}

task<relay::rest> relay::turn() {
    co_await settle_handled();
    co_await extend_unhandled();
    const std::size_t most = most_to_claim();
    if (most == 0) co_return rest{next_pause()};
    const time_point begun = now();
    auto claimed = co_await from_.claim(holder_, most, options_.batch_bytes, options_.lease);
    if (!claimed) {
        counts_.add(store_errors);
        co_return after_failure(outbox_event::what::store_failed, claimed.error());
    }
    relay_round current(std::move(*claimed), begun, options_.lease);
    if (!current.heads.empty()) {
        co_await publish(current);
        co_await settle(current);
    }
    co_await measure();
    co_return after(current);
}

std::size_t relay::most_to_claim() const noexcept {
    return std::min(options_.batch, options_.max_unhandled - std::min(options_.max_unhandled, unhandled_.size()));
}

// Returns whether the run goes on.
task<bool> relay::pause(rest how) {
    if (!unhandled_.empty()) how.pause = std::min(how.pause, options_.lease / 3);
    if (!how.wakes) {
        const auto waited = co_await with_timeout(how.pause, quit_.receive());
        co_return waited.error() == errc::deadline_exceeded;
    }
    auto& handled = options_.handled ? options_.handled->changed() : never_;
    auto any = select(from_.added().receive(), quit_.receive(), handled.receive());
    const auto waited = co_await with_timeout(how.pause, std::move(any));
    if (!waited) co_return waited.error() == errc::deadline_exceeded;
    if (waited->index() == 0) quiet_ = 0;
    co_return waited->index() != 1;
}

// Frees what isn't handled, for the next start.
task<result<void>> relay::finish() {
    co_await settle_handled();
    std::vector<outbox_outcome> freed;
    for (const auto& one : unhandled_) freed.push_back({.row = one.second});
    if (freed.empty()) co_return ok();
    const auto settled = co_await from_.settle(holder_, freed);
    if (!settled) co_return settled.error();
    co_return ok();
}

// Another turn comes at once if this one published something: there may be more.
relay::rest relay::after(const relay_round& done) noexcept {
    if (done.published > 0) {
        quiet_ = 0;
        return {};
    }
    return {next_pause(), done.unavailable == 0};
}

relay::rest relay::after_failure(outbox_event::what kind, error failure) noexcept {
    const rest next{next_pause(), false};
    resilience::detail::notify(
        options_.on_event, outbox_event{.kind = kind, .delay = next.pause, .failure = std::move(failure)});
    return next;
}

duration relay::next_pause() noexcept {
    const duration next = growing(options_.poll, options_.max_poll, quiet_, options_.random);
    quiet_ = std::min(quiet_ + 1, 60U);
    return std::max(next, duration(1));
}

task<void> relay::publish(relay_round& of) {
    const std::size_t workers = std::min(options_.concurrency, of.heads.size());
    auto body = [&](task_group& group) -> task<result<void>> {
        for (std::size_t i = 0; i < workers; ++i) group.spawn(publish_lines(of));
        co_return ok();
    };
    (void)co_await with_group(body); // every entry has its outcome
}

task<result<void>> relay::publish_lines(relay_round& of) {
    while (of.next_line < of.heads.size()) {
        std::size_t at = of.heads[of.next_line++];
        bool goes_on = true;
        while (goes_on && at != relay_round::none && may_publish(of)) {
            goes_on = co_await publish_one(of, at);
            at = of.following[at];
        }
    }
    co_return ok();
}

bool relay::may_publish(const relay_round& of) const noexcept {
    return !stopping_ && !of.queue_is_away() && now() < of.publish_until;
}

task<bool> relay::publish_one(relay_round& of, std::size_t index) {
    outbox_outcome& outcome = of.outcomes[index];
    const std::string topic = of.entries[index].content.topic;
    const std::string id = of.entries[index].content.id;
    const auto sent = co_await send(of, index);
    if (sent) {
        ++of.published;
        outcome.kind = outbox_outcome::what::published;
        co_return true;
    }
    outcome = judge(of, of.entries[index], sent.error());
    if (sent.error() == errc::unavailable) ++of.unavailable;
    if (outcome.kind == outbox_outcome::what::failed) {
        counts_.add(failed);
        resilience::detail::notify(
            options_.on_event, outbox_event{.topic = topic, .id = id, .delay = outcome.delay, .failure = sent.error()});
    }
    co_return false;
}

task<result<void>> relay::send(relay_round& of, std::size_t index) {
    outbox_entry& entry = of.entries[index];
    if (is_in_process(entry)) {
        of.kept[index] = true;
        co_return ok();
    }
    const std::string id = entry.content.id;
    const time_point last = std::min(of.publish_until, weir::detail::later(now(), options_.publish_timeout));
    auto publication = [&] { return to_.publish(std::move(entry.content)); };
    auto sent = co_await with_deadline(last, resilience::detail::call(publication));
    if (!options_.handled) co_return sent;
    of.kept[index] = sent.has_value();
    if (sent) co_return sent;
    unhandled_.erase(id);
    waiting_ = unhandled_.size();
    options_.handled->forget(id);
    co_return sent;
}

// Whether the message was published already and waits for its handlers, although its lease had ended. Otherwise it is
// expected to be handled from now on.
bool relay::is_in_process(const outbox_entry& entry) {
    if (!options_.handled) return false;
    unhandled_[entry.content.id] = entry.row;
    waiting_ = unhandled_.size();
    return !options_.handled->expect(entry.content.topic, entry.content.id);
}

outbox_outcome relay::judge(const relay_round& of, const outbox_entry& entry, const error& failure) noexcept {
    outbox_outcome outcome;
    outcome.row = entry.row;
    const bool cut_off =
        failure == errc::cancelled || (failure == errc::deadline_exceeded && now() >= of.publish_until);
    if (cut_off) return outcome;
    outcome.kind = outbox_outcome::what::failed;
    outcome.delay = delay_after(entry, failure);
    outcome.failure = failure;
    return outcome;
}

// An unavailable queue says nothing about the message, whose delay then doesn't grow: the relay's own pauses do.
duration relay::delay_after(const outbox_entry& entry, const error& failure) const noexcept {
    const double times = failure == errc::unavailable ? 0.0 : entry.failures;
    return growing(options_.backoff, options_.max_backoff, times, options_.random);
}

// Repeats a failed settlement as long as the claim lasts: giving up means publishing again.
task<void> relay::settle(const relay_round& of) {
    const auto outcomes = of.settled();
    if (outcomes.empty()) co_return;
    for (duration wait = options_.poll;; wait = std::min(wait * 2, options_.max_poll)) {
        const auto done = co_await from_.settle(holder_, outcomes);
        if (done) co_return count_settled(outcomes, *done);
        counts_.add(store_errors);
        if (done.error() == errc::cancelled || weir::detail::later(now(), wait) >= of.lease_until) break;
        resilience::detail::notify(
            options_.on_event,
            outbox_event{.kind = outbox_event::what::store_failed, .delay = wait, .failure = done.error()});
        const auto slept = co_await sleep_for(wait);
        if (!slept) break;
    }
    count_settled(outcomes, 0);
}

void relay::count_settled(std::span<const outbox_outcome> outcomes, std::size_t still_ours) noexcept {
    std::size_t published = 0;
    for (const auto& one : outcomes) {
        if (one.kind != outbox_outcome::what::published) continue;
        ++published;
        counts_.add(relayed);
    }
    const std::size_t missed = std::min(published, outcomes.size() - std::min(outcomes.size(), still_ours));
    if (missed == 0) return;
    for (std::size_t i = 0; i < missed; ++i) counts_.add(lost);
    resilience::detail::notify(options_.on_event, outbox_event{.kind = outbox_event::what::lost, .messages = missed});
}

// What couldn't be settled is settled in the next turn.
task<void> relay::settle_handled() {
    if (!options_.handled) co_return;
    for (const auto& id : options_.handled->take_handled()) {
        const auto at = unhandled_.find(id);
        if (at == unhandled_.end()) continue;
        handled_.push_back({.row = at->second, .kind = outbox_outcome::what::published});
        unhandled_.erase(at);
    }
    waiting_ = unhandled_.size();
    if (handled_.empty()) co_return;
    const auto settled = co_await from_.settle(holder_, handled_);
    if (!settled) {
        counts_.add(store_errors);
        co_return;
    }
    count_settled(handled_, *settled);
    handled_.clear();
}

task<void> relay::extend_unhandled() {
    const time_point begun = now();
    if (unhandled_.empty() || begun - extended_ < options_.lease / 3) co_return;
    std::vector<std::int64_t> rows;
    for (const auto& one : unhandled_) rows.push_back(one.second);
    const auto held = co_await from_.extend(holder_, rows, options_.lease);
    if (held)
        extended_ = begun;
    else
        counts_.add(store_errors);
}

task<void> relay::measure() {
    const bool is_due = !measured_ || now() - *measured_ >= options_.measure_every;
    if (options_.measure_every == duration::max() || !is_due) co_return;
    measured_ = now();
    const auto found = co_await from_.depth();
    if (!found) {
        counts_.add(store_errors);
        co_return;
    }
    pending_ = found->pending;
    oldest_ = found->oldest.count();
}

} // namespace weir::mq::detail
