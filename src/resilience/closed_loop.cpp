// SPDX-License-Identifier: MIT
#include <weir/resilience/closed_loop.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace weir {

namespace {

constexpr double enough_improvement = 0.95; // of a score, from one step to the next
constexpr int most_relapses = 8;            // that lengthen relax_after

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument("closed_loop: " + what); }

void check_knob(const loop_knob& one) {
    const std::string knob = "knob \"" + one.name + "\": ";
    if (!one.read || !one.write) refuse(knob + "read and write are needed");
    if (!(one.least <= one.most) || !std::isfinite(one.least) || !std::isfinite(one.most))
        refuse(knob + "least and most: accepted are finite numbers, least <= most");
    const bool falls = one.tighten < 1 && one.relax > 1;
    const bool rises = one.tighten > 1 && one.relax < 1;
    if (!(falls || rises) || !(one.tighten > 0 && one.relax > 0))
        refuse(knob + "tighten and relax: accepted are factors above 0, one of them above 1 and the other below");
}

template<class Named>
void check_names(const std::vector<Named>& all, const char* kind) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].name.empty()) refuse(std::string("a ") + kind + " needs a name");
        for (std::size_t j = 0; j < i; ++j)
            if (all[i].name == all[j].name) refuse(std::string(kind) + " \"" + all[i].name + "\": the name is taken");
    }
}

bool differ(double a, double b) { return std::abs(a - b) > 1e-9 * std::max(std::abs(a), std::abs(b)); }

duration times(duration one, int count) { return one > duration::max() / count ? duration::max() : one * count; }

bool is_home(double value, double home) { return !differ(value, home); }

log_level level_of(closed_loop_event::what kind) {
    using what = closed_loop_event::what;
    switch (kind) {
    case what::failed:
        return log_level::error;
    case what::anomaly:
    case what::tightened:
        return log_level::warn;
    default:
        return log_level::info;
    }
}

std::string describe(const std::string& name, const anomaly_verdict& verdict) {
    return fmt::format("{} is {:.4g}, usually {:.4g} ± {:.2g} (score {:.3g})", name, verdict.value, verdict.usual,
                       verdict.deviation, verdict.score);
}

} // namespace

std::string_view name(closed_loop_event::what kind) noexcept {
    using what = closed_loop_event::what;
    switch (kind) {
    case what::anomaly:
        return "anomaly";
    case what::usual:
        return "usual";
    case what::tightened:
        return "tightened";
    case what::relaxed:
        return "relaxed";
    case what::proposed:
        return "proposed";
    case what::adopted:
        return "adopted";
    case what::pinned:
        return "pinned";
    case what::released:
        return "released";
    case what::failed:
        return "failed";
    }
    return "failed";
}

closed_loop::closed_loop(closed_loop_options options)
    : options_(std::move(options)), mode_(options_.mode), patience_(options_.relax_after) {
    check();
    for (const auto& one : options_.signals) signals_.push_back({&one, anomaly_detector(one.detect)});
    for (const auto& one : options_.knobs) knobs_.push_back({&one});
}

void closed_loop::check() const {
    check_names(options_.signals, "signal");
    check_names(options_.knobs, "knob");
    for (const auto& one : options_.signals)
        if (!one.read) refuse("signal \"" + one.name + "\": read is needed");
    std::ranges::for_each(options_.knobs, check_knob);
    if (options_.settle < duration::zero()) refuse("settle: accepted are 0 or more");
    if (options_.relax_after < duration::zero()) refuse("relax_after: accepted are 0 or more");
}

void closed_loop::tick() {
    const std::lock_guard steering(steering_);
    events out;
    read_signals(out);
    read_knobs(out);
    evaluate_signals(out);
    step kind = step::none;
    {
        const std::lock_guard lock(mutex_);
        kind = next_step(options_.time->now());
    }
    if (kind != step::none) move_knobs(kind, out);
    publish(std::move(out));
}

// Only the first of consecutive failures is an event.
void closed_loop::read_signals(events& out) {
    for (signal& one : signals_) {
        one.sample = std::numeric_limits<double>::quiet_NaN();
        try {
            one.sample = one.of->read();
            one.broken = false;
        } catch (...) {
            if (!std::exchange(one.broken, true))
                note(out, what::failed, one.of->name, 0, 0, current_error().describe());
        }
    }
}

void closed_loop::read_knobs(events& out) {
    for (knob& one : knobs_) {
        try {
            know(one, one.of->read(), out);
            one.broken = false;
        } catch (...) {
            if (!std::exchange(one.broken, true))
                note(out, what::failed, one.of->name, 0, 0, current_error().describe());
        }
    }
}

// If a knob was set elsewhere, that value becomes the one it returns to.
void closed_loop::know(knob& one, double value, events& out) {
    if (!std::isfinite(value)) return;
    const std::lock_guard lock(mutex_);
    const bool changed = one.known && !one.pinned && differ(value, one.value);
    if (changed) note(out, what::adopted, one.of->name, one.value, value, "it was changed elsewhere");
    if (changed || !one.known) one.home = std::clamp(value, one.of->least, one.of->most);
    one.known = true;
    one.value = value;
}

void closed_loop::evaluate_signals(events& out) {
    const std::lock_guard lock(mutex_);
    for (signal& one : signals_) {
        const bool before = one.detector.last().anomalous;
        const auto& verdict = one.detector.add(one.sample);
        if (verdict.anomalous == before) continue;
        one.score_then = 0;
        note(out, verdict.anomalous ? what::anomaly : what::usual, one.of->name, verdict.usual, verdict.value,
             describe(one.of->name, verdict));
    }
}

bool closed_loop::any_anomaly() const {
    return std::ranges::any_of(signals_, [](const signal& one) { return one.detector.last().anomalous; });
}

// Whether the last step is still taking effect: a backlog takes time to clear.
bool closed_loop::improves() const {
    return std::ranges::none_of(signals_, [](const signal& one) {
        const anomaly_verdict& now = one.detector.last();
        return now.anomalous && std::abs(now.score) > enough_improvement * one.score_then;
    });
}

bool closed_loop::all_home() const {
    return std::ranges::all_of(knobs_, [](const knob& one) {
        return one.pinned || !one.known || is_home(one.value, one.home);
    });
}

closed_loop::step closed_loop::next_step(time_point now) {
    const bool settled = now >= step_after_;
    if (any_anomaly()) {
        if (std::exchange(relaxing_, false))
            patience_ = std::min(detail::sum(patience_, patience_), times(options_.relax_after, most_relapses));
        usual_since_.reset();
        if (!settled || mode_ == loop_mode::off) return step::none;
        const bool enough = improves();
        settle(now);
        return enough ? step::none : step::tighten;
    }
    if (!usual_since_) usual_since_ = now;
    if (all_home()) {
        relaxing_ = false;
        patience_ = options_.relax_after;
        return step::none;
    }
    const bool waited = now >= detail::later(*usual_since_, patience_);
    if (!settled || !waited || mode_ == loop_mode::off) return step::none;
    settle(now);
    return step::relax;
}

// Delays the next step until this one can take effect.
void closed_loop::settle(time_point now) {
    step_after_ = detail::later(now, options_.settle);
    for (signal& one : signals_) one.score_then = std::abs(one.detector.last().score);
}

std::string closed_loop::reason(step kind) const {
    if (kind == step::relax)
        return fmt::format("all signals have been usual for {} s",
                           std::chrono::floor<std::chrono::seconds>(options_.time->now() - *usual_since_).count());
    std::string all;
    for (const signal& one : signals_) {
        if (!one.detector.last().anomalous) continue;
        if (!all.empty()) all += "; ";
        all += describe(one.of->name, one.detector.last());
    }
    return all;
}

void closed_loop::move_knobs(step kind, events& out) {
    std::string why;
    {
        const std::lock_guard lock(mutex_);
        why = reason(kind);
        relaxing_ = kind == step::relax && mode_ == loop_mode::apply;
    }
    for (knob& one : knobs_) move(one, kind, why, out);
}

namespace {

double tightened(const loop_knob& of, double value) { return std::clamp(value * of.tighten, of.least, of.most); }

// One step towards the home value, and no further.
double relaxed(const loop_knob& of, double value, double home) {
    const double to = value * of.relax;
    return std::clamp(of.relax > 1 ? std::min(to, home) : std::max(to, home), of.least, of.most);
}

} // namespace

void closed_loop::move(knob& one, step kind, const std::string& why, events& out) {
    double from = 0;
    double to = 0;
    bool applies = false;
    {
        const std::lock_guard lock(mutex_);
        if (one.pinned || !one.known) return;
        from = one.value;
        to = kind == step::tighten ? tightened(*one.of, from) : relaxed(*one.of, from, one.home);
        applies = mode_ == loop_mode::apply;
    }
    if (!differ(from, to)) return;
    if (!applies) return note(out, what::proposed, one.of->name, from, to, why);
    try {
        one.of->write(to);
    } catch (...) {
        return note(out, what::failed, one.of->name, from, to, current_error().describe());
    }
    note(out, kind == step::tighten ? what::tightened : what::relaxed, one.of->name, from, to, why);
    const std::lock_guard lock(mutex_);
    one.value = to;
}

closed_loop::knob* closed_loop::find(std::string_view name) {
    const auto found = std::ranges::find_if(knobs_, [&](const knob& one) { return one.of->name == name; });
    return found == knobs_.end() ? nullptr : &*found;
}

result<void> closed_loop::pin(std::string_view name, double value) {
    const std::lock_guard steering(steering_);
    knob* const one = find(name);
    if (!one) return error(errc::not_found, "no knob \"" + std::string(name) + "\"");
    const loop_knob& of = *one->of;
    if (!(value >= of.least && value <= of.most))
        return error(errc::invalid_argument,
                     fmt::format("knob \"{}\" = {}: accepted {} to {}", name, value, of.least, of.most));
    try {
        of.write(value);
    } catch (...) {
        return error(errc::unavailable, "knob \"" + of.name + "\" can't be set").caused_by(current_error());
    }
    events out;
    {
        const std::lock_guard lock(mutex_);
        note(out, what::pinned, of.name, one->value, value, "by hand");
        one->pinned = true;
        one->value = value;
    }
    publish(std::move(out));
    return ok();
}

result<void> closed_loop::release(std::string_view name) {
    const std::lock_guard steering(steering_);
    knob* const one = find(name);
    if (!one) return error(errc::not_found, "no knob \"" + std::string(name) + "\"");
    events out;
    {
        const std::lock_guard lock(mutex_);
        if (!std::exchange(one->pinned, false)) return ok();
        note(out, what::released, one->of->name, one->value, one->value, "by hand");
    }
    publish(std::move(out));
    return ok();
}

void closed_loop::set_mode(loop_mode mode) {
    const std::lock_guard lock(mutex_);
    mode_ = mode;
}

loop_mode closed_loop::mode() const {
    const std::lock_guard lock(mutex_);
    return mode_;
}

std::vector<closed_loop::signal_state> closed_loop::signals() const {
    const std::lock_guard lock(mutex_);
    std::vector<signal_state> all;
    for (const signal& one : signals_) all.push_back({one.of->name, one.detector.last()});
    return all;
}

std::vector<closed_loop::knob_state> closed_loop::knobs() const {
    const std::lock_guard lock(mutex_);
    std::vector<knob_state> all;
    for (const knob& one : knobs_) all.push_back({one.of->name, one.value, one.home, one.pinned});
    return all;
}

std::vector<closed_loop_event> closed_loop::history() const {
    const std::lock_guard lock(mutex_);
    return {history_.begin(), history_.end()};
}

void closed_loop::note(events& out, what kind, const std::string& name, double from, double to, std::string why) const {
    out.push_back({kind, name, from, to, std::move(why), options_.time->wall_now()});
}

void closed_loop::publish(events all) {
    {
        const std::lock_guard lock(mutex_);
        history_.insert(history_.end(), all.begin(), all.end());
        while (history_.size() > options_.history) history_.pop_front();
    }
    for (const auto& one : all) {
        options_.log.log(level_of(one.kind), "closed loop", field("event", weir::name(one.kind)),
                         field("name", one.name), field("from", one.from), field("to", one.to), field("why", one.why));
        if (!options_.on_event) continue;
        try {
            options_.on_event(one);
        } catch (...) {
            options_.log.error("an observer of the closed loop failed", field("error", current_error()));
        }
    }
}

} // namespace weir
