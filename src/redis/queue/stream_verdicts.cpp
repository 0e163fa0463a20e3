// SPDX-License-Identifier: MIT
// How a stream_consumer ends its messages, and itself.
#include "redis/queue/stream_consumer.hpp"
#include "redis/queue/stream_scripts.hpp"
#include <weir/core/deadline.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace weir::redis::detail {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t verdicts_per_call = 64;
constexpr std::size_t promoted_per_call = 100;
constexpr duration unblock_pause = 20ms;
constexpr duration patience_with_reader = 2s;
constexpr duration patience_with_verdicts = 5s;
constexpr std::int64_t forgotten_after = 3'600'000; // milliseconds

std::string_view name_of(mq::verdict how) noexcept {
    switch (how) {
    case mq::verdict::done:
        return "done";
    case mq::verdict::retry:
        return "retry";
    case mq::verdict::dead:
        return "dead";
    case mq::verdict::returned:
        break;
    }
    return "returned";
}

std::string state_of(const stream_entry& one) {
    if (one.verdict.how == mq::verdict::retry) return encode_state(one.delivered, one.delivered.attempt + 1);
    if (one.verdict.how == mq::verdict::dead) return encode_state(one.delivered, one.delivered.attempt);
    return {};
}

} // namespace

task<void> stream_consumer::send_verdicts(shared_this self) {
    for (;;) {
        result<void> sent = ok();
        try {
            sent = co_await self->send_batch();
        } catch (...) {
            sent = current_error();
        }
        self->finish_batch(sent.has_value() || sent.error() == errc::not_found); // the group is gone
        if (sent) {
            if (self->verdicts_end_ && !self->has_verdicts()) break;
            continue;
        }
        if (self->failed(sent.error())) break;
        const auto slept = co_await sleep_for(pause_after_failure);
        if (!slept) break;
    }
    self->verdicts_ended_.close();
}

task<result<void>> stream_consumer::send_batch() {
    auto batch = next_batch();
    if (!batch) {
        if (verdicts_end_) co_return ok();
        const auto woken = co_await verdicts_.receive();
        if (!woken) co_return woken.error();
        co_return ok();
    }
    auto refused = co_await settle_on_server(std::move(*batch));
    if (!refused) co_return refused.error();
    shared_->refused += *refused;
    if (retries_) poke(); // one may be due soon
    co_return ok();
}

task<result<std::size_t>> stream_consumer::settle_on_server(command batch) {
    auto first = co_await shared_->db.send<std::size_t>(batch);
    if (first || first.error().code() != "noscript") co_return first;
    command whole = batch.with_front(2, "EVAL", scripts().settle.source());
    co_return co_await shared_->db.send<std::size_t>(std::move(whole));
}

bool stream_consumer::has_verdicts() const {
    const std::lock_guard lock(mutex_);
    return !settled_.empty();
}

std::optional<command> stream_consumer::next_batch() {
    const std::lock_guard lock(mutex_);
    if (settled_.empty()) return std::nullopt;
    retries_ = false;
    command made = scripts().settle.call_of(keys(stream_), name_, shared_->options.max_dead);
    for (std::size_t i = 0; i < verdicts_per_call && !settled_.empty(); ++i) {
        add_verdict(made, *settled_.first());
        retries_ |= settled_.first()->verdict.how == mq::verdict::retry;
        sending_.push_back(*settled_.pop_front());
    }
    return made;
}

void stream_consumer::add_verdict(command& to, const stream_entry& of) const {
    const std::int64_t delay = of.verdict.delay > duration::zero() ? milliseconds(of.verdict.delay) : 0;
    to.add(of.id).add(name_of(of.verdict.how)).add(of.key).add(delay).add(state_of(of));
}

// Verdicts that couldn't be sent wait for the next attempt.
void stream_consumer::finish_batch(bool sent) noexcept {
    const std::lock_guard lock(mutex_);
    while (stream_entry* const one = sending_.pop_front()) {
        if (sent)
            delete one;
        else
            settled_.push_back(*one);
    }
}

// --- looking after ---

task<void> stream_consumer::look_after(shared_this self) {
    while (!self->closed_) {
        duration next = self->shared_->options.poll;
        std::optional<error> failure; // co_await isn't allowed in a catch block
        try {
            next = co_await self->do_rounds();
        } catch (...) {
            failure = current_error();
        }
        if (failure) self->failed(*failure);
        if (self->closed_) break;
        const auto poked = co_await with_timeout(next, self->poked_.receive());
        if (!poked && poked.error() == errc::cancelled) break;
    }
    try {
        co_await self->finish();
    } catch (...) { // out of memory: other consumers claim the rest
        self->failed(current_error());
    }
}

// Moves what is due, and returns the time until the next look.
task<duration> stream_consumer::do_rounds() {
    const duration poll = shared_->options.poll;
    if (home_.clock().now() >= next_keep_) {
        co_await keep_and_claim();
        next_keep_ = home_.clock().now() + shared_->options.claim_after / 4;
    }
    auto sizes =
        co_await scripts().promote.run<std::vector<std::int64_t>>(shared_->db, keys(stream_), promoted_per_call);
    if (!sizes || sizes->size() != 7) {
        if (!sizes && sizes.error() != errc::not_found) failed(sizes.error()); // not declared yet
        co_return std::max(poll, pause_after_failure);
    }
    note_sizes(*sizes);
    if ((*sizes)[0] < 0) co_return poll;
    co_return std::clamp<duration>(std::chrono::milliseconds((*sizes)[0]), 1ms, poll);
}

void stream_consumer::note_sizes(const std::vector<std::int64_t>& sizes) {
    const auto size = [&](std::size_t i) { return static_cast<std::size_t>(std::max<std::int64_t>(0, sizes[i])); };
    queue_group_stats shown{.topic = topic_, .group = group_};
    shown.depth = size(1) + size(2) + size(3);
    shown.delayed = size(2);
    shown.in_flight = size(4);
    shown.dead_letters = size(5);
    shown.oldest = std::chrono::milliseconds(sizes[6]);
    shared_->note_sizes(std::move(shown));
}

task<void> stream_consumer::keep_and_claim() {
    const std::vector<std::string> ids = held_ids();
    if (!ids.empty()) {
        auto kept = co_await scripts().keep.run<void>(shared_->db, keys(stream_), name_, ids);
        if (!kept && failed(kept.error())) co_return;
    }
    if (!deliveries_ended_ && room() > 0) co_await claim_silent();
}

task<void> stream_consumer::claim_silent() {
    command ask("XAUTOCLAIM", stream_, stream_group_name, name_, milliseconds(shared_->options.claim_after), "0-0",
                "COUNT", std::min({room(), most_claimed, most_read_}));
    auto got = co_await shared_->db.send<reply>(std::move(ask));
    if (!got) {
        if (got.error() != errc::not_found) failed(got.error());
        co_return;
    }
    if (got->size() < 2) co_return;
    for (const reply_view entry : *++got->begin()) deliver(entry, true);
    auto pruned = co_await scripts().prune.run<void>(shared_->db, keys(stream_), forgotten_after);
    if (!pruned) failed(pruned.error());
}

std::vector<std::string> stream_consumer::held_ids() const {
    std::vector<std::string> all;
    const std::lock_guard lock(mutex_);
    for (const entries* const of : {&held_, &settled_, &sending_})
        for (const stream_entry* one = of->first(); one; one = entries::next(*one)) all.push_back(one->id);
    return all;
}

// --- ending ---

task<void> stream_consumer::finish() {
    co_await end_reader();
    verdicts_end_ = true;
    (void)verdicts_.try_send(std::monostate());
    (void)co_await with_timeout(patience_with_verdicts, verdicts_ended_.receive());
    sender_.cancel();
    for (bool more = true; more;) {
        auto left = co_await scripts().abandon.run<bool>(shared_->db, keys(stream_), name_);
        more = left && *left;
    }
}

// The wait on the server is ended there, so that it gives no message to a connection that is gone.
task<void> stream_consumer::end_reader() {
    const time_point last = home_.clock().now() + patience_with_reader;
    // each node has numbers of its own, and the command has no key to find the node by
    const bool in_cluster = shared_->db.options().url.starts_with("redis+cluster");
    while (home_.clock().now() < last) {
        if (connection_id_ != 0 && !in_cluster) {
            const std::int64_t id = connection_id_;
            (void)co_await shared_->db.command<void>("CLIENT", "UNBLOCK", id);
        }
        const auto ended = co_await with_timeout(unblock_pause, reader_ended_.receive());
        if (ended.error() != errc::deadline_exceeded) co_return;
    }
    reader_.cancel();
}

} // namespace weir::redis::detail
