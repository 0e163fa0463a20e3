// SPDX-License-Identifier: MIT
#include "redis/queue/stream_consumer.hpp"

#include "mq/queue_names.hpp"
#include "redis/queue/stream_scripts.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace weir::redis::detail {

namespace {

constexpr std::int64_t block_milliseconds = 1000; // a stop on a cluster takes so long; else it ends the wait

// More would only wait in this process.
std::size_t prefetch_of(const consume_options& options) {
    return options.prefetch > 0 ? options.prefetch : 2 * options.concurrency;
}

// How many of the largest messages fit into half of a reply; a larger reply would end the connection.
std::size_t most_read(const stream_shared& of) {
    return std::max<std::size_t>(1, of.db.options().max_reply / 2 / of.options.max_message_bytes);
}

} // namespace

stream_entry::stream_entry(stream_consumer& in, const stream_record& from)
    : unsettled(from.content), id(from.entry), key(from.key), in_(in) {
    delivered = delivery_of(from);
}

void stream_entry::settle(mq::settlement how) noexcept { in_.settle(*this, how); }

stream_consumer::stream_consumer(loop& home, std::shared_ptr<stream_shared> shared, const consume_options& options)
    : home_(home), shared_(std::move(shared)), topic_(options.topic), group_(options.group),
      stream_(shared_->stream_key(topic_, group_)), name_(mq::detail::unique_id()), prefetch_(prefetch_of(options)),
      most_read_(most_read(*shared_)), arriving_(prefetch_ + most_claimed) {}

stream_consumer::~stream_consumer() {
    end_deliveries();
    for (entries* const all : {&held_, &settled_, &sending_})
        while (stream_entry* const one = all->pop_front()) delete one;
}

void stream_consumer::begin() {
    reader_ = home_.start(read(shared_from_this()));
    sender_ = home_.start(send_verdicts(shared_from_this()));
    keeper_ = home_.start(look_after(shared_from_this()));
}

task<result<void>> stream_consumer::established() {
    const auto self = shared_from_this();
    const auto waited = co_await established_.receive();
    if (waited.error() != errc::unavailable) co_return waited.error();
    if (!declared_) co_return mq::detail::closed_queue();
    co_return ok();
}

void stream_consumer::settle(stream_entry& one, mq::settlement how) noexcept {
    {
        const std::lock_guard lock(mutex_);
        held_.erase(one);
        --held_count_;
        one.verdict = how;
        settled_.push_back(one);
    }
    (void)verdicts_.try_send(std::monostate());
    (void)room_.try_send(std::monostate());
}

void stream_consumer::end_deliveries() noexcept {
    deliveries_ended_ = true;
    arriving_.close();
    while (arriving_.try_receive()) { // destroys the claim, which returns the message
    }
    (void)room_.try_send(std::monostate());
    poke();
}

void stream_consumer::close() noexcept {
    end_deliveries();
    closed_ = true;
    poke();
}

bool stream_consumer::failed(const error& why) noexcept {
    if (why == errc::cancelled) return true;
    shared_->note_failure(why);
    return false;
}

// --- reading ---

task<void> stream_consumer::read(shared_this self) {
    while (!self->deliveries_ended_) {
        result<void> ended = ok();
        try {
            ended = co_await self->read_session();
        } catch (...) {
            ended = current_error();
        }
        self->connection_id_ = 0;
        if (ended || self->deliveries_ended_) continue;
        if (self->failed(ended.error())) break;
        const auto slept = co_await sleep_for(pause_after_failure);
        if (!slept) break;
    }
    self->established_.close();
    self->reader_ended_.close();
}

task<result<void>> stream_consumer::read_session() {
    auto made = co_await declare();
    if (!made) co_return made;
    auto own = co_await shared_->db.acquire(stream_);
    if (!own) co_return own.error();
    auto id = co_await own->command<std::int64_t>("CLIENT", "ID");
    if (!id) co_return id.error();
    connection_id_ = *id;
    declared_ = true;
    established_.close();
    while (!deliveries_ended_) {
        auto once = co_await read_once(*own);
        if (!once) co_return once;
    }
    co_return ok();
}

task<result<void>> stream_consumer::declare() {
    const std::string topic = shared_->topic_key(topic_);
    co_return co_await scripts().declare.run<void>(shared_->db, keys(topic), group_);
}

task<result<void>> stream_consumer::read_once(connection& own) {
    const std::size_t count = co_await wait_for_room();
    if (deliveries_ended_) co_return ok();
    if (count == 0) co_return errc::cancelled;
    command ask("XREADGROUP", "GROUP", stream_group_name, name_, "COUNT", std::min(count, most_read_), "BLOCK",
                block_milliseconds, "STREAMS", stream_, ">");
    auto got = co_await own.blocking<reply>(std::chrono::milliseconds(block_milliseconds), std::move(ask));
    if (!got) co_return got.error();
    if (got->kind() != reply_kind::array) co_return ok();
    for (const reply_view stream : *got)
        for (const reply_view entry : *++stream.begin()) deliver(entry, false);
    co_return ok();
}

// Returns 0 if the wait was cancelled, or the deliveries have ended.
task<std::size_t> stream_consumer::wait_for_room() {
    while (!deliveries_ended_) {
        if (const std::size_t free = room(); free > 0) co_return free;
        const auto woken = co_await room_.receive();
        if (!woken) break;
    }
    co_return 0;
}

std::size_t stream_consumer::room() const {
    const std::lock_guard lock(mutex_);
    return held_count_ < prefetch_ ? prefetch_ - held_count_ : 0;
}

bool stream_consumer::holds(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    for (const entries* const all : {&held_, &settled_, &sending_})
        for (const stream_entry* one = all->first(); one; one = entries::next(*one))
            if (one->id == id) return true;
    return false;
}

void stream_consumer::deliver(reply_view entry, bool claimed) {
    if (entry.kind() != reply_kind::array || entry.size() < 2) return; // deleted meanwhile
    const stream_record record = read_record(topic_, entry);
    if (claimed && holds(record.entry)) return;
    auto made = std::make_unique<stream_entry>(*this, record);
    stream_entry& one = *made;
    one.delivered.redelivered |= claimed;
    if (claimed) ++shared_->claimed;
    {
        const std::lock_guard lock(mutex_);
        held_.push_back(*made.release());
        ++held_count_;
    }
    if (!record.decoded) return bury(one);
    mq::claim delivered(one);
    (void)arriving_.try_send(std::move(delivered)); // if closed, the claim returns the message
}

// A message that another program wrote.
void stream_consumer::bury(stream_entry& one) noexcept {
    try {
        one.delivered.last_failure = "the stream's entry isn't a message of weir";
    } catch (...) { // out of memory: it is buried without a reason
    }
    settle(one, {mq::verdict::dead});
}

} // namespace weir::redis::detail
