// SPDX-License-Identifier: MIT
#include "mq/memory_topic.hpp"

#include "mq/queue_names.hpp"
#include <weir/core/background.hpp>

#include <algorithm>
#include <utility>

namespace weir::mq::detail {

namespace {

// The consumers of a group on one loop. A task of that loop delivers the messages that become due.
class memory_link final : public consumer_link {
public:
    memory_link(loop& on, std::shared_ptr<memory_topic> topic, memory_group& group)
        : topic_(std::move(topic)), group_(group), poked_(std::make_shared<channel<std::monostate>>(1)) {
        topic_->locked([&] { group_.add_clock(poked_); });
        clock_ = on.start(deliver_due(topic_, group_, poked_));
    }
    ~memory_link() override { close(); }

    channel<claim>& arriving() noexcept override { return group_.arriving(); }
    task<result<void>> established() override { co_return ok(); }
    void close() noexcept override {
        topic_->locked([&] { group_.remove_clock(poked_); });
        poked_->close();
    }

private:
    static task<void> deliver_due(std::shared_ptr<memory_topic> topic, memory_group& group, poke_channel poked) {
        const executor here = co_await this_task;
        context& mine = here.context();
        for (;;) {
            const time_point now = mine.loop().clock().now();
            mine.set_deadline(topic->locked([&] { return group.release_due(now); }));
            const auto woken = co_await poked->receive();
            if (!woken && woken.error() != errc::deadline_exceeded) co_return;
        }
    }

    const std::shared_ptr<memory_topic> topic_;
    memory_group& group_;
    const poke_channel poked_;
    background clock_{};
};

} // namespace

memory_topic::memory_topic(const memory_queue_options& options, std::string name)
    : options_(options), name_(std::move(name)),
      room_(std::make_shared<room_line>(options.max_messages, options.max_bytes)) {}

task<result<void>> memory_topic::publish(message one) {
    if (locked([this] { return groups_.empty(); })) co_return unroutable(name_);
    const std::size_t bytes = one.size();
    if (auto room = room_->try_take(bytes)) co_return store(std::move(one), std::move(*room));
    auto waited = co_await wait_for_room(bytes);
    if (!waited) co_return waited.error();
    co_return store(std::move(one), std::move(*waited));
}

error memory_topic::full(errc kind) const {
    return error(kind, "topic " + name_ + " is full: its groups handle messages too slowly").with_code("queue_full");
}

task<result<room_line::room>> memory_topic::wait_for_room(std::size_t bytes) {
    if (options_.when_full == full_queue::refuse) co_return full(errc::resource_exhausted);
    const executor here = co_await this_task;
    const context& ctx = here.context();
    const time_point last = weir::detail::later(ctx.loop().clock().now(), options_.publish_wait);
    auto taken = co_await room_->take(bytes, std::min(last, ctx.deadline()));
    if (!taken && taken.error() == errc::deadline_exceeded) co_return full(errc::deadline_exceeded);
    co_return taken;
}

result<void> memory_topic::store(message one, room_line::room taken) {
    const auto stored = std::make_shared<stored_message>(std::move(one), std::move(taken), clock().now());
    const std::lock_guard lock(mutex_);
    if (closed_) return closed_queue();
    std::vector<std::unique_ptr<memory_entry>> entries;
    entries.reserve(groups_.size());
    for (const auto& group : groups_) entries.push_back(group->prepare(stored));
    for (std::size_t i = 0; i < entries.size(); ++i) groups_[i]->enter(std::move(entries[i]));
    return ok();
}

memory_group* memory_topic::find(std::string_view group) {
    return locked([&] { return locked_find(group); });
}

memory_group* memory_topic::locked_find(std::string_view group) const noexcept {
    const auto found =
        std::ranges::find(groups_, group, [](const auto& one) -> std::string_view { return one->name(); });
    return found == groups_.end() ? nullptr : found->get();
}

memory_group& memory_topic::add(std::string_view group) {
    const std::lock_guard lock(mutex_);
    if (memory_group* const found = locked_find(group)) return *found;
    const memory_limits limits{options_.max_messages, options_.max_dead, options_.max_dead_bytes};
    groups_.push_back(std::make_unique<memory_group>(mutex_, clock(), name_, std::string(group), limits));
    if (closed_) groups_.back()->close();
    return *groups_.back();
}

void memory_topic::close() noexcept {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& group : groups_) group->close();
    room_->close();
}

void memory_topic::describe(queue_stats& shown) const {
    const std::lock_guard lock(mutex_);
    for (const auto& group : groups_) shown.groups.push_back(group->stats());
}

void memory_topic::describe(memory_queue_stats& shown) const {
    const std::lock_guard lock(mutex_);
    shown.bytes += room_->bytes();
    for (const auto& group : groups_) shown.dead_dropped += group->dead_dropped();
}

std::shared_ptr<consumer_link> link_memory(loop& on, std::shared_ptr<memory_topic> topic, memory_group& group) {
    return std::make_shared<memory_link>(on, std::move(topic), group);
}

} // namespace weir::mq::detail
