// SPDX-License-Identifier: MIT
#include "amqp/administration.hpp"
#include "amqp/receiver.hpp"
#include "mq/queue_names.hpp"
#include "resilience/option_check.hpp"
#include <weir/amqp/queue.hpp>
#include <weir/core/blocking_pool.hpp>

#include <utility>

namespace weir::amqp {

namespace {

using resilience::detail::check_option;
using resilience::detail::check_range;

void check_sizes(const queue_options& given) {
    check_option(!given.hosts.empty(), "amqp::queue_options.hosts", "[]", "at least one");
    check_option(given.partitions >= 1 && given.partitions <= 64, "amqp::queue_options.partitions", given.partitions,
                 "1 to 64");
    check_option(given.max_pending >= 1, "amqp::queue_options.max_pending", given.max_pending, "1 or more");
    check_option(given.max_message_bytes >= 1 && given.max_message_bytes <= (std::size_t{128} << 20U),
                 "amqp::queue_options.max_message_bytes", given.max_message_bytes, "1 to 128 MiB");
    check_option(given.max_message_bytes <= given.max_pending_bytes, "amqp::queue_options.max_message_bytes",
                 given.max_message_bytes, "up to max_pending_bytes");
}

queue_options checked(queue_options given) {
    using namespace std::chrono_literals;
    check_sizes(given);
    if (const auto prefix = mq::detail::check_name("prefix", given.prefix); !prefix)
        throw std::invalid_argument("amqp::queue_options." + std::string(prefix.error().message()));
    check_range("amqp::queue_options.publish_wait", given.publish_wait, duration::zero());
    check_range("amqp::queue_options.connect_timeout", given.connect_timeout, 10ms, 1min);
    check_range("amqp::queue_options.heartbeat", given.heartbeat, 1s, 1h);
    check_range("amqp::queue_options.min_reconnect", given.min_reconnect, 1ms, 1h);
    check_range("amqp::queue_options.max_reconnect", given.max_reconnect, given.min_reconnect, 1h);
    check_range("amqp::queue_options.depth_interval", given.depth_interval, 100ms, 24h);
    return given;
}

blocking_pool_options administration_pool() {
    blocking_pool_options made;
    made.name = "amqp-admin";
    made.threads = 1;
    made.queue = 64;
    return made;
}

} // namespace

struct queue::impl {
    explicit impl(queue_options given)
        : options(checked(std::move(given))), sends(options, counts), receives(options, counts, sends) {
        sends.start();
        receives.start();
    }

    // The receiver ends first, so that its messages on the way to other queues are still published.
    ~impl() {
        receives.stop();
        receives.join();
    }

    const queue_options options;
    const std::shared_ptr<session_counts> counts = std::make_shared<session_counts>();
    publisher sends;
    receiver receives;
    const administration broker{options};
    blocking_pool pool{administration_pool()};
};

queue::queue(queue_options options)
    : weir::queue(options.name, options.max_message_bytes), impl_(std::make_unique<impl>(std::move(options))) {}

queue::~queue() = default;

task<result<void>> queue::send(message one) { return impl_->sends.publish(std::move(one)); }

std::shared_ptr<mq::consumer_link> queue::link(loop&, const consume_options& options) {
    return impl_->receives.add(options);
}

task<result<void>> queue::declare(std::string_view topic, std::string_view group) {
    if (const auto checked = mq::detail::check_names(topic, group); !checked) co_return checked.error();
    const group_name of{std::string(topic), std::string(group)};
    auto job = [&] { return impl_->broker.declare(of); };
    co_return co_await impl_->pool.run(job);
}

task<result<std::vector<dead_letter>>> queue::dead_letters(
    std::string_view topic, std::string_view group, std::size_t most) {
    const group_name of{std::string(topic), std::string(group)};
    auto job = [&] { return impl_->broker.dead_letters(of, most); };
    co_return co_await impl_->pool.run(job);
}

task<result<std::size_t>> queue::requeue_dead(std::string_view topic, std::string_view group, std::string_view id) {
    const group_name of{std::string(topic), std::string(group)};
    const std::string only(id);
    auto job = [&] { return impl_->broker.requeue_dead(of, only); };
    co_return co_await impl_->pool.run(job);
}

task<result<std::size_t>> queue::discard_dead(std::string_view topic, std::string_view group, std::string_view id) {
    const group_name of{std::string(topic), std::string(group)};
    const std::string only(id);
    auto job = [&] { return impl_->broker.discard_dead(of, only); };
    co_return co_await impl_->pool.run(job);
}

task<result<void>> queue::close() {
    impl_->sends.close();
    const auto drained = co_await impl_->sends.drained();
    impl_->receives.stop();
    impl_->sends.stop();
    if (!drained) co_return drained;
    for (const auto& ended : {impl_->receives.ended(), impl_->sends.ended()}) {
        const auto waited = co_await ended->receive();
        if (waited.error() != errc::unavailable) co_return waited.error();
    }
    co_return ok();
}

void queue::describe(weir::queue_stats& shown) const { impl_->receives.describe(shown); }

amqp_stats queue::broker_stats() const {
    const session_counts& counts = *impl_->counts;
    amqp_stats shown;
    shown.publishing = impl_->sends.connected();
    shown.consuming = impl_->receives.connected();
    shown.blocked = impl_->sends.blocked();
    shown.unconfirmed = impl_->sends.in_progress();
    shown.connections = counts.connections;
    shown.failed_connections = counts.failed_connections;
    shown.lost_connections = counts.lost_connections;
    shown.unroutable = counts.unroutable;
    shown.nacked = counts.nacked;
    shown.outcome_unknown = counts.outcome_unknown;
    shown.cancelled_by_broker = counts.cancelled_by_broker;
    shown.last_error = counts.last_error();
    return shown;
}

} // namespace weir::amqp
