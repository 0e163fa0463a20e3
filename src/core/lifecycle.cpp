// SPDX-License-Identifier: MIT
#include "core/supervise.hpp"
#include <weir/core/lifecycle.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace weir {

namespace {

using detail::supervision;
using outcome_of_step = std::shared_ptr<std::optional<result<void>>>; // shared with the step, which may be abandoned

task<void> run_step(task<result<void>> work, outcome_of_step in) { in->emplace(co_await std::move(work)); }

// The outcome of a step that has ended or was abandoned.
result<void> verdict(const detail::supervised& state, const outcome_of_step& outcome) {
    if (state.failure) std::rethrow_exception(state.failure);
    if (state.late || !*outcome) return errc::deadline_exceeded;
    return **outcome;
}

} // namespace

void lifecycle::report(lifecycle_event event) const {
    if (report_) report_(event);
}

void lifecycle::add(lifecycle_part part) {
    if (part.start && phase_ > phase::starting)
        throw std::logic_error("\"" + part.name + "\" has a start function, but the start is over already");
    const bool started = phase_ != phase::made && !part.start;
    parts_.insert(phase_ == phase::starting ? next_ : parts_.end(), {std::move(part), started});
}

task<result<void>> lifecycle::step(const lifecycle_part& part, bool starting) {
    using what = lifecycle_event::what;
    const auto& action = starting ? part.start : part.stop;
    if (!action) co_return ok();
    const executor here = co_await this_task;
    const weir::clock& time = here.context().loop().clock();
    const time_point began = time.now();
    report({starting ? what::starting : what::stopping, part.name, {}, {}});

    detail::supervision_terms terms;
    terms.deadline = detail::later(began, starting ? part.start_deadline : part.stop_deadline);
    terms.patience = patience;
    if (starting) terms.cancel = &cancel_step_;
    result<void> outcome = ok();
    try {
        const auto kept = std::make_shared<std::optional<result<void>>>();
        const supervision state = co_await detail::supervise(terms, run_step(action(), kept));
        if (!state->ended) ++left_;
        outcome = verdict(*state, kept);
    } catch (...) {
        outcome = current_error();
    }
    const duration took = time.now() - began;
    if (outcome)
        report({starting ? what::started : what::stopped, part.name, took, {}});
    else if (outcome.error() == errc::deadline_exceeded)
        report({what::cut, part.name, took, outcome.error()});
    else
        report({what::failed, part.name, took, outcome.error()});
    co_return outcome;
}

task<result<void>> lifecycle::start() {
    if (phase_ == phase::made) phase_ = phase::starting;
    for (auto at = parts_.begin(); at != parts_.end() && phase_ == phase::starting; ++at) {
        next_ = std::next(at);
        const auto begun = co_await step(at->part, true);
        cancel_step_ = nullptr;
        if (!begun) {
            phase_ = phase::cancelled;
            co_return begun.error();
        }
        at->started = true;
    }
    if (phase_ == phase::cancelled) co_return errc::cancelled;
    phase_ = phase::started;
    co_return ok();
}

void lifecycle::cancel_start() {
    if (phase_ <= phase::starting) phase_ = phase::cancelled;
    if (cancel_step_) std::exchange(cancel_step_, nullptr)();
}

duration lifecycle::stop_time() const noexcept {
    duration all{};
    for (const auto& one : parts_) all = detail::sum(all, detail::sum(one.part.stop_deadline, patience));
    return all;
}

lifecycle::entry* lifecycle::last_started() noexcept {
    const auto last = std::find_if(parts_.rbegin(), parts_.rend(), [](const entry& one) { return one.started; });
    return last == parts_.rend() ? nullptr : &*last;
}

task<bool> lifecycle::stop() {
    bool clean = true;
    while (entry* const last = last_started()) {
        last->started = false;
        const auto ended = co_await step(last->part, false);
        clean = clean && ended.has_value();
    }
    co_return clean;
}

} // namespace weir
