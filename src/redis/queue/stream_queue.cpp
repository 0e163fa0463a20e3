// SPDX-License-Identifier: MIT
#include "mq/queue_names.hpp"
#include "redis/queue/message_record.hpp"
#include "redis/queue/stream_consumer.hpp"
#include "redis/queue/stream_scripts.hpp"
#include "redis/queue/stream_shared.hpp"
#include "resilience/option_check.hpp"
#include <weir/redis/stream_queue.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <tuple>
#include <utility>

namespace weir::redis {

namespace {

using detail::scripts;
using resilience::detail::check_at_least;
using resilience::detail::check_option;
using resilience::detail::check_range;

stream_queue_options checked(stream_queue_options given) {
    using namespace std::chrono_literals;
    if (const auto prefix = mq::detail::check_name("prefix", given.prefix); !prefix)
        throw std::invalid_argument("redis::stream_queue_options." + std::string(prefix.error().message()));
    check_at_least("redis::stream_queue_options.max_messages", given.max_messages, 1);
    check_option(given.max_messages <= 1'000'000'000, "redis::stream_queue_options.max_messages", given.max_messages,
                 "up to 1000000000");
    check_option(given.max_message_bytes >= 1 && given.max_message_bytes <= (std::size_t{128} << 20U),
                 "redis::stream_queue_options.max_message_bytes", given.max_message_bytes, "1 to 128 MiB");
    check_option(given.max_dead <= 1'000'000'000, "redis::stream_queue_options.max_dead", given.max_dead,
                 "up to 1000000000");
    check_range("redis::stream_queue_options.claim_after", given.claim_after, 100ms, 1h);
    check_range("redis::stream_queue_options.poll", given.poll, 10ms, 1min);
    return given;
}

error no_group(std::string_view topic, std::string_view group) {
    return error(errc::not_found, fmt::format("topic {} has no group {}", topic, group));
}

} // namespace

struct stream_queue::state {
    state(client& on, stream_queue_options given)
        : shared(std::make_shared<detail::stream_shared>(on, checked(std::move(given)))) {}

    // A publication in progress; the queue may be destroyed meanwhile.
    class publication {
    public:
        explicit publication(std::shared_ptr<state> in) : in_(std::move(in)) {
            const std::lock_guard lock(in_->mutex);
            begun_ = !in_->closed;
            if (begun_) ++in_->publications;
        }
        publication(const publication&) = delete;
        publication& operator=(const publication&) = delete;
        ~publication() {
            const std::lock_guard lock(in_->mutex);
            if (begun_ && --in_->publications == 0 && in_->closed) in_->idle.close();
        }

        explicit operator bool() const noexcept { return begun_; }

    private:
        const std::shared_ptr<state> in_;
        bool begun_ = false;
    };

    void close() noexcept {
        const std::lock_guard lock(mutex);
        closed = true;
        if (publications == 0) idle.close();
    }

    std::vector<std::shared_ptr<detail::stream_consumer>> alive() {
        std::vector<std::shared_ptr<detail::stream_consumer>> all;
        const std::lock_guard lock(mutex);
        std::erase_if(consumers, [](const auto& one) { return one.expired(); });
        for (const auto& one : consumers)
            if (auto held = one.lock()) all.push_back(std::move(held));
        return all;
    }
    void end_deliveries() {
        for (const auto& one : alive()) one->end_deliveries();
    }
    void poke(std::string_view topic) {
        for (const auto& one : alive())
            if (one->topic() == topic) one->poke();
    }

    const std::shared_ptr<detail::stream_shared> shared;
    std::mutex mutex{}; // guards the following
    std::vector<std::weak_ptr<detail::stream_consumer>> consumers{};
    std::size_t publications = 0;
    bool closed = false;
    channel<std::monostate> idle{}; // closed once the queue is closed and no publication is in progress
};

stream_queue::stream_queue(client& on, stream_queue_options options)
    : weir::queue(options.name, options.max_message_bytes), state_(std::make_shared<state>(on, std::move(options))) {}

stream_queue::~stream_queue() {
    state_->close();
    state_->end_deliveries();
}

task<result<void>> stream_queue::send(message one) {
    const auto in = state_;
    const state::publication begun(in);
    if (!begun) co_return mq::detail::closed_queue();
    const std::string topic = in->shared->topic_key(one.topic);
    const std::string encoded = detail::encode_message(one);
    const std::int64_t delay = one.delay > duration::zero() ? detail::milliseconds(one.delay) : 0;
    auto groups = co_await scripts().publish.run<std::int64_t>(
        in->shared->db, keys(topic), in->shared->options.max_messages, delay, encoded, one.key, one.id);
    if (!groups) co_return groups.error();
    if (*groups == 0) co_return mq::detail::unroutable(one.topic);
    if (*groups < 0)
        co_return error(
            errc::resource_exhausted, "topic " + one.topic + " is full: its groups handle messages too slowly")
            .with_code("queue_full");
    if (delay > 0) in->poke(one.topic);
    co_return ok();
}

task<result<void>> stream_queue::declare(std::string_view topic, std::string_view group) {
    if (const auto checked = mq::detail::check_names(topic, group); !checked) co_return checked.error();
    const auto in = state_;
    const std::string key = in->shared->topic_key(topic);
    co_return co_await scripts().declare.run<void>(in->shared->db, keys(key), group);
}

std::shared_ptr<mq::consumer_link> stream_queue::link(loop& on, const consume_options& options) {
    auto made = std::make_shared<detail::stream_consumer>(on, state_->shared, options);
    auto linked = std::make_shared<detail::stream_link>(made);
    bool closed = false;
    {
        const std::lock_guard lock(state_->mutex);
        state_->consumers.push_back(made);
        closed = state_->closed;
    }
    if (closed) made->end_deliveries();
    made->begin();
    return linked;
}

task<result<std::vector<dead_letter>>> stream_queue::dead_letters(
    std::string_view topic, std::string_view group, std::size_t most) {
    const auto in = state_;
    const std::string key = in->shared->topic_key(topic);
    std::vector<dead_letter> all;
    if (most > in->shared->options.max_dead) most = in->shared->options.max_dead;
    if (most == 0) most = 1;
    auto listed = co_await scripts().list_dead.run<reply>(in->shared->db, keys(key), group, most);
    if (!listed) co_return listed.error();
    if (listed->is_nil()) co_return no_group(topic, group);
    for (const reply_view one : *listed) {
        const detail::stream_record record = detail::read_record(topic, one);
        all.push_back({detail::delivery_of(record), detail::added_at(record.entry)});
    }
    co_return all;
}

namespace {

// Edits the dead letters that are there now, some at a time.
task<result<std::size_t>> edit_dead(std::shared_ptr<detail::stream_shared> in, std::string topic, std::string group,
                                    std::string id, std::string_view verb) {
    const std::string key = in->topic_key(topic);
    std::size_t edited = 0;
    std::string cursor = "-";
    std::string last;
    while (!cursor.empty()) {
        using page = std::optional<std::tuple<std::size_t, std::string, std::string>>;
        auto done = co_await scripts().edit_dead.run<page>(in->db, keys(key), group, id, verb, cursor, last);
        if (!done) co_return done.error();
        if (!*done) co_return no_group(topic, group);
        edited += std::get<0>(**done);
        cursor = std::get<1>(**done);
        last = std::get<2>(**done);
    }
    co_return edited;
}

} // namespace

task<result<std::size_t>> stream_queue::requeue_dead(std::string_view topic, std::string_view group,
                                                     std::string_view id) {
    return edit_dead(state_->shared, std::string(topic), std::string(group), std::string(id), "requeue");
}

task<result<std::size_t>> stream_queue::discard_dead(std::string_view topic, std::string_view group,
                                                     std::string_view id) {
    return edit_dead(state_->shared, std::string(topic), std::string(group), std::string(id), "discard");
}

task<result<void>> stream_queue::close() {
    const auto in = state_;
    in->close();
    const auto waited = co_await in->idle.receive();
    in->end_deliveries();
    if (waited.error() != errc::unavailable) co_return waited.error();
    co_return ok();
}

void stream_queue::describe(weir::queue_stats& shown) const { state_->shared->describe(shown); }

stream_stats stream_queue::stream_stats() const { return state_->shared->stats(); }

} // namespace weir::redis
