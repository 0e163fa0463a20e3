// SPDX-License-Identifier: MIT
#include "mq/memory_topic.hpp"
#include "mq/queue_names.hpp"
#include "resilience/option_check.hpp"
#include <weir/mq/memory_queue.hpp>

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <utility>

namespace weir {

namespace {

using mq::detail::memory_group;
using mq::detail::memory_topic;
using resilience::detail::check_at_least;
using resilience::detail::check_option;

memory_queue_options checked(memory_queue_options given) {
    check_at_least("memory_queue_options.max_messages", given.max_messages, 1);
    check_option(given.max_messages <= 100'000'000, "memory_queue_options.max_messages", given.max_messages,
                 "up to 100000000");
    check_at_least("memory_queue_options.max_message_bytes", given.max_message_bytes, 1);
    check_option(given.max_message_bytes <= given.max_bytes, "memory_queue_options.max_message_bytes",
                 given.max_message_bytes, "up to max_bytes");
    resilience::detail::check_range("memory_queue_options.publish_wait", given.publish_wait, duration::zero());
    if (!given.clock) given.clock = &system_clock();
    return given;
}

// A group, and its topic, which keeps it.
struct group_place {
    std::shared_ptr<memory_topic> topic;
    memory_group* group;
};

} // namespace

struct memory_queue::state {
    explicit state(memory_queue_options given) : options(checked(std::move(given))) {}

    std::shared_ptr<memory_topic> find(std::string_view topic) const {
        const std::lock_guard lock(mutex);
        const auto found = topics.find(topic);
        return found == topics.end() ? nullptr : found->second;
    }
    std::vector<std::shared_ptr<memory_topic>> all() const;
    void close() noexcept;
    result<group_place> find_group(std::string_view topic, std::string_view group) const;
    result<group_place> add_group(std::string_view topic, std::string_view group);
    std::shared_ptr<memory_topic> add_topic(std::string_view topic);

    const memory_queue_options options;
    mutable std::mutex mutex{}; // guards the members below
    std::map<std::string, std::shared_ptr<memory_topic>, std::less<>> topics{};
    std::size_t groups = 0;
    bool closed = false;
};

result<group_place> memory_queue::state::find_group(std::string_view topic, std::string_view group) const {
    if (auto found = find(topic))
        if (memory_group* const in = found->find(group)) return group_place{std::move(found), in};
    return error(errc::not_found, fmt::format("topic {} has no group {}", topic, group));
}

result<group_place> memory_queue::state::add_group(std::string_view topic, std::string_view group) {
    if (const auto checked = mq::detail::check_names(topic, group); !checked) return checked.error();
    const std::lock_guard lock(mutex);
    if (closed) return mq::detail::closed_queue();
    const auto known = topics.find(topic);
    if (known != topics.end())
        if (memory_group* const found = known->second->find(group)) return group_place{known->second, found};
    if (groups >= options.max_groups)
        return error(errc::resource_exhausted,
                     fmt::format("queue {} has {} groups, the most that its options allow", options.name, groups));
    const auto in = known != topics.end() ? known->second : add_topic(topic);
    memory_group& made = in->add(group);
    ++groups;
    return group_place{in, &made};
}

std::shared_ptr<memory_topic> memory_queue::state::add_topic(std::string_view topic) {
    const auto made = std::make_shared<memory_topic>(options, std::string(topic));
    return topics.emplace(topic, made).first->second;
}

std::vector<std::shared_ptr<memory_topic>> memory_queue::state::all() const {
    const std::lock_guard lock(mutex);
    std::vector<std::shared_ptr<memory_topic>> shown;
    for (const auto& [name, topic] : topics) shown.push_back(topic);
    return shown;
}

void memory_queue::state::close() noexcept {
    const std::lock_guard lock(mutex);
    closed = true;
    for (const auto& [name, topic] : topics) topic->close();
}

memory_queue::memory_queue(memory_queue_options options)
    : queue(options.name, options.max_message_bytes), state_(std::make_shared<state>(std::move(options))) {}

memory_queue::~memory_queue() { state_->close(); }

task<result<void>> memory_queue::send(message one) {
    const auto topic = state_->find(one.topic);
    if (!topic) co_return mq::detail::unroutable(one.topic);
    co_return co_await topic->publish(std::move(one));
}

task<result<void>> memory_queue::declare(std::string_view topic, std::string_view group) {
    const auto added = state_->add_group(topic, group);
    if (!added) co_return added.error();
    co_return ok();
}

std::shared_ptr<mq::consumer_link> memory_queue::link(loop& on, const consume_options& options) {
    auto place = state_->add_group(options.topic, options.group).value();
    return mq::detail::link_memory(on, std::move(place.topic), *place.group);
}

task<result<std::vector<dead_letter>>> memory_queue::dead_letters(
    std::string_view topic, std::string_view group, std::size_t most) {
    const auto place = state_->find_group(topic, group);
    if (!place) co_return place.error();
    co_return place->topic->locked([&] { return place->group->dead_letters(most); });
}

task<result<std::size_t>> memory_queue::requeue_dead(std::string_view topic, std::string_view group,
                                                     std::string_view id) {
    const auto place = state_->find_group(topic, group);
    if (!place) co_return place.error();
    co_return place->topic->locked([&] { return place->group->requeue_dead(id, place->topic->room()); });
}

task<result<std::size_t>> memory_queue::discard_dead(std::string_view topic, std::string_view group,
                                                     std::string_view id) {
    const auto place = state_->find_group(topic, group);
    if (!place) co_return place.error();
    co_return place->topic->locked([&] { return place->group->discard_dead(id); });
}

task<result<void>> memory_queue::close() {
    state_->close();
    co_return ok();
}

void memory_queue::describe(queue_stats& shown) const {
    for (const auto& topic : state_->all()) topic->describe(shown);
}

memory_queue_stats memory_queue::memory_stats() const {
    memory_queue_stats shown;
    for (const auto& topic : state_->all()) {
        ++shown.topics;
        topic->describe(shown);
    }
    return shown;
}

} // namespace weir
