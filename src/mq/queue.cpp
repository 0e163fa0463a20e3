// SPDX-License-Identifier: MIT
#include "mq/consumer.hpp"
#include "mq/queue_names.hpp"
#include <weir/mq/queue.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace weir {

namespace {

using counts = mq::detail::queue_counts;

constexpr std::string_view permanent_code = "permanent";

// Counts a publication until it ends, also when its task is destroyed.
class publication {
public:
    explicit publication(counts& in) noexcept : in_(in) { in_.waiting.fetch_add(1, std::memory_order_relaxed); }
    publication(const publication&) = delete;
    publication& operator=(const publication&) = delete;
    ~publication() {
        in_.waiting.fetch_sub(1, std::memory_order_relaxed);
        in_.all.add(succeeded_ ? counts::published : counts::publish_failed);
    }

    void succeed() noexcept { succeeded_ = true; }

private:
    counts& in_;
    bool succeeded_ = false;
};

} // namespace

error permanent(error failure) {
    return error(failure.kind(), std::string(failure.message()))
        .with_code(std::string(permanent_code))
        .caused_by(failure);
}

bool is_permanent(const error& failure) noexcept {
    constexpr std::array kinds{errc::invalid_argument, errc::validation_failed, errc::too_large, errc::unimplemented};
    return std::ranges::find(kinds, failure.kind()) != kinds.end() || failure.code() == permanent_code;
}

queue::queue(std::string name, std::size_t max_message_bytes)
    : name_(std::move(name)), max_message_bytes_(max_message_bytes), counts_(std::make_shared<counts>()) {}

queue::~queue() = default;

task<result<void>> queue::publish(message one) {
    const auto kept = counts_; // the queue may be destroyed meanwhile
    publication counted(*kept);
    if (const auto checked = mq::detail::check_message(one, max_message_bytes_); !checked) co_return checked.error();
    if (one.id.empty()) one.id = mq::detail::unique_id();
    const auto sent = co_await send(std::move(one));
    if (sent) counted.succeed();
    co_return sent;
}

subscription queue::attach(loop& on, consume_options options, mq::detail::handler handler) {
    mq::detail::check(options);
    if (const auto checked = mq::detail::check_names(options.topic, options.group); !checked)
        throw std::invalid_argument(std::string(checked.error().message()));
    auto linked = link(on, options);
    auto made =
        std::make_shared<mq::detail::consumer>(on, std::move(options), std::move(handler), std::move(linked), counts_);
    subscription owner(made);
    made->begin();
    return owner;
}

queue_stats queue::stats() const {
    queue_stats shown;
    const auto& all = counts_->all;
    shown.published = all.sum(counts::published);
    shown.publish_failed = all.sum(counts::publish_failed);
    shown.delivered = all.sum(counts::delivered);
    shown.done = all.sum(counts::done);
    shown.retried = all.sum(counts::retried);
    shown.dead = all.sum(counts::dead);
    shown.returned = all.sum(counts::returned);
    shown.running = counts_->running.load(std::memory_order_relaxed);
    shown.waiting = counts_->waiting.load(std::memory_order_relaxed);
    describe(shown);
    return shown;
}

void queue::measure_handlers(const metric_family<histogram>& in) {
    const std::lock_guard lock(counts_->mutex);
    counts_->handlers = in;
    counts_->measured.store(true, std::memory_order_release);
}

} // namespace weir
