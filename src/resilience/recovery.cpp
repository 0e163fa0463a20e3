// SPDX-License-Identifier: MIT
#include "resilience/option_check.hpp"
#include <weir/resilience/detail/notify.hpp>
#include <weir/resilience/recovery.hpp>

namespace weir {

std::string_view name(recovery_level level) noexcept {
    static constexpr std::string_view names[] = {"none", "transient", "connection", "inconsistent"};
    return names[static_cast<std::size_t>(level)];
}

std::string_view name(recovery_event::what kind) noexcept {
    static constexpr std::string_view names[] = {
        "retrying", "switched", "recovered", "unrecovered", "parked", "park_failed"};
    return names[static_cast<std::size_t>(kind)];
}

recovery_table::recovery_table() {
    set(errc::unavailable, recovery_level::connection);
    set(errc::deadline_exceeded, recovery_level::transient);
    set(errc::resource_exhausted, recovery_level::transient);
    set(errc::internal, recovery_level::inconsistent);
    set(errc::unknown, recovery_level::inconsistent);
    set(std::string(outcome_unknown_code), recovery_level::inconsistent);
}

recovery_table& recovery_table::set(errc kind, recovery_level level) {
    by_kind_[static_cast<std::size_t>(kind)] = level;
    return *this;
}

recovery_table& recovery_table::set(std::string code, recovery_level level) {
    for (auto& [known, its] : by_code_) {
        if (known != code) continue;
        its = level;
        return *this;
    }
    by_code_.emplace_back(std::move(code), level);
    return *this;
}

recovery_level recovery_table::level_of(const error& failure) const noexcept {
    for (const auto& [code, level] : by_code_)
        if (failure.code() == code) return level;
    return by_kind_[static_cast<std::size_t>(failure.kind())];
}

namespace {

recovery_options checked(recovery_options options) {
    const char* const own = "empty: recovery sets its own";
    if (options.backoff.retries) resilience::detail::refuse_option("recovery_options::backoff.retries", "set", own);
    if (options.backoff.on_event) resilience::detail::refuse_option("recovery_options::backoff.on_event", "set", own);
    return options;
}

} // namespace

recovery::recovery(recovery_options options)
    : options_(checked(std::move(options))), with_standby_(backoff_for(true)), alone_(backoff_for(false)) {}

retry_options recovery::backoff_for(bool has_standby) {
    retry_options made = options_.backoff;
    if (!made.budget) made.budget = &budget_;
    made.retries = [this, has_standby](const error& failed) {
        const recovery_level level = options_.table.level_of(failed);
        return level == recovery_level::transient || (level == recovery_level::connection && !has_standby);
    };
    made.on_event = [this](const retry_event& event) {
        if (event.kind != retry_event::what::retrying) return;
        const recovery_level level = options_.table.level_of(event.failure);
        note(retries, {recovery_event::what::retrying, level, {}, event.delay, event.failure});
    };
    return made;
}

bool recovery::switches(course& way, const error& failed) {
    if (options_.table.level_of(failed) != recovery_level::connection) return false;
    if (!options_.backoff.idempotent && !had_no_effect(failed)) return false;
    way.level = recovery_level::connection;
    way.tried = true;
    note(switched, {recovery_event::what::switched, way.level, way.work, {}, failed});
    return true;
}

task<void> recovery::finish(course& way, error failed) {
    if (!failed) {
        if (way.tried) note(recovered, {recovery_event::what::recovered, way.level, way.work, {}, {}});
        co_return;
    }
    way.level = options_.table.level_of(failed);
    if (way.level == recovery_level::inconsistent)
        co_await park(way, failed);
    else if (way.level != recovery_level::none)
        note(unrecovered, {recovery_event::what::unrecovered, way.level, way.work, {}, failed});
}

task<void> recovery::park(course& way, error failed) {
    recovery_event event{recovery_event::what::parked, way.level, way.work, {}, failed};
    if (options_.park) {
        auto keep = [this, &event] { return options_.park(event); };
        const auto kept = co_await resilience::detail::call(keep);
        if (!kept) {
            event.kind = recovery_event::what::park_failed;
            event.failure = kept.error();
        }
    }
    note(event.kind == recovery_event::what::parked ? parked : park_failed, event);
}

void recovery::note(counted what, const recovery_event& event) noexcept {
    counts_.add(what);
    resilience::detail::notify(options_.on_event, event);
}

recovery_stats recovery::stats() const noexcept {
    recovery_stats now;
    now.calls = counts_.sum(calls);
    now.retries = counts_.sum(retries);
    now.switched = counts_.sum(switched);
    now.recovered = counts_.sum(recovered);
    now.unrecovered = counts_.sum(unrecovered);
    now.parked = counts_.sum(parked);
    now.park_failed = counts_.sum(park_failed);
    return now;
}

} // namespace weir
