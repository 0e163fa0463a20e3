// SPDX-License-Identifier: MIT
#include "resilience/option_check.hpp"
#include <weir/mq/idempotent.hpp>

#include <list>
#include <mutex>
#include <unordered_map>

namespace weir {

namespace {

enum class outcome : std::uint8_t { reserved, handled, in_progress };

struct seen_entry {
    std::string id;
    time_point forgotten_at = time_point::max(); // max(): in progress
};

} // namespace

struct memory_seen_ids::state {
    using list = std::list<seen_entry>;

    outcome begin(std::string_view id);
    void finish(std::string_view id) noexcept;
    void abandon(std::string_view id) noexcept;
    void forget_old() noexcept;
    void forget_first() noexcept;

    memory_seen_ids_options options;
    mutable std::mutex mutex{}; // guards the members below
    list handled{};             // oldest first
    list in_progress{};
    std::unordered_map<std::string_view, list::iterator> by_id{}; // its keys are in the lists
    memory_seen_ids_stats counts{};
};

outcome memory_seen_ids::state::begin(std::string_view id) {
    const std::lock_guard lock(mutex);
    forget_old();
    if (const auto found = by_id.find(id); found != by_id.end()) {
        if (found->second->forgotten_at == time_point::max()) return outcome::in_progress;
        ++counts.repeated;
        return outcome::handled;
    }
    list added;
    added.push_back({std::string(id)});
    by_id.emplace(added.front().id, added.begin());
    in_progress.splice(in_progress.end(), added);
    return outcome::reserved;
}

void memory_seen_ids::state::finish(std::string_view id) noexcept {
    const std::lock_guard lock(mutex);
    const auto found = by_id.find(id);
    if (found == by_id.end() || found->second->forgotten_at != time_point::max()) return;
    found->second->forgotten_at = detail::later(options.clock->now(), options.keep);
    handled.splice(handled.end(), in_progress, found->second);
    if (handled.size() <= options.max_ids) return;
    ++counts.evicted;
    forget_first();
}

void memory_seen_ids::state::abandon(std::string_view id) noexcept {
    const std::lock_guard lock(mutex);
    const auto found = by_id.find(id);
    if (found == by_id.end() || found->second->forgotten_at != time_point::max()) return;
    const auto at = found->second;
    by_id.erase(found);
    in_progress.erase(at);
}

void memory_seen_ids::state::forget_old() noexcept {
    const time_point now = options.clock->now();
    while (!handled.empty() && handled.front().forgotten_at <= now) forget_first();
}

void memory_seen_ids::state::forget_first() noexcept {
    by_id.erase(handled.front().id);
    handled.pop_front();
}

memory_seen_ids::memory_seen_ids(memory_seen_ids_options options) : state_(std::make_unique<state>()) {
    using namespace resilience::detail;
    check_at_least("memory_seen_ids_options.max_ids", options.max_ids, 1);
    check_range("memory_seen_ids_options.keep", options.keep, duration(1));
    if (!options.clock) options.clock = &system_clock();
    if (options.keep == duration::max()) options.keep = duration::max() / 2; // max() marks ids in progress
    state_->options = options;
}

memory_seen_ids::~memory_seen_ids() = default;

task<result<bool>> memory_seen_ids::begin(std::string_view id) {
    const outcome how = state_->begin(id);
    if (how == outcome::in_progress)
        co_return result<bool>(boost::system::in_place_error,
                               error(errc::unavailable, "another handler has this message").with_code("in_progress"));
    co_return result<bool>(boost::system::in_place_value, how == outcome::reserved);
}

task<result<void>> memory_seen_ids::finish(std::string_view id) {
    state_->finish(id);
    co_return ok();
}

void memory_seen_ids::abandon(std::string_view id) noexcept { state_->abandon(id); }

memory_seen_ids_stats memory_seen_ids::stats() const {
    const std::lock_guard lock(state_->mutex);
    memory_seen_ids_stats shown = state_->counts;
    shown.handled = state_->handled.size();
    shown.in_progress = state_->in_progress.size();
    return shown;
}

} // namespace weir
