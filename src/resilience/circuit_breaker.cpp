// SPDX-License-Identifier: MIT
#include "resilience/circuit_options.hpp"
#include "resilience/outcome_window.hpp"
#include "resilience/random_fraction.hpp"
#include <weir/resilience/circuit_breaker.hpp>

#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>

namespace weir {

using resilience::detail::call_counts;
using resilience::detail::call_outcome;
using resilience::detail::outcome_window;

std::string_view name(circuit_state state) noexcept {
    constexpr std::string_view names[] = {"closed", "open", "half_open", "disabled", "metrics_only", "forced_open"};
    return names[static_cast<std::size_t>(state)];
}

std::string_view name(circuit_reason reason) noexcept {
    constexpr std::string_view names[] = {
        "failure_rate", "slow_call_rate", "open_time_over", "probes_passed", "probe_timeout", "requested"};
    return names[static_cast<std::size_t>(reason)];
}

namespace {

bool reached(std::uint64_t part, std::uint64_t of, std::uint64_t millionths) noexcept {
    return part * resilience::detail::rate_unit >= of * millionths;
}

double rate_of(std::uint64_t part, std::uint64_t of) noexcept {
    return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of);
}

duration scaled(duration time, double by) noexcept {
    const double scaled_count = static_cast<double>(time.count()) * by;
    constexpr auto most = static_cast<double>(std::numeric_limits<duration::rep>::max());
    return scaled_count >= most ? duration::max() : duration(static_cast<duration::rep>(scaled_count));
}

// Returns 0 for a time that never comes, which means unknown; otherwise at least 1.
std::uint32_t seconds_until(time_point at, time_point now) noexcept {
    if (at == time_point::max()) return 0;
    const auto left = std::chrono::ceil<std::chrono::seconds>(at - now).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, std::numeric_limits<std::uint32_t>::max()));
}

bool is_failure(errc kind) noexcept {
    return kind == errc::unavailable || kind == errc::deadline_exceeded || kind == errc::internal ||
           kind == errc::unknown;
}

} // namespace

// The states and their transitions. `word` holds the state and its generation for lock-free readers; everything else is
// guarded by the mutex. Functions that change the state return the event, to be published without the lock.
struct circuit_breaker::machine {
    using transition = std::optional<circuit_breaker_event>;

    explicit machine(circuit_breaker_options given)
        : options(resilience::detail::checked_circuit(std::move(given))),
          failure_limit(resilience::detail::in_millionths(options.failure_rate)),
          slow_limit(resilience::detail::in_millionths(options.slow_call_rate)),
          minimum(resilience::detail::minimum_of(options)), times_calls(options.slow_call_duration != duration::max()),
          window(resilience::detail::window_of(options)) {}

    static circuit_state state_in(std::uint64_t word) noexcept { return static_cast<circuit_state>(word & 7); }
    static std::uint64_t generation_in(std::uint64_t word) noexcept { return word >> 3; }

    circuit_state state() const noexcept { return state_in(word.load(std::memory_order_relaxed)); }
    std::uint64_t generation() const noexcept { return generation_in(word.load(std::memory_order_relaxed)); }
    // Calls permitted before this no longer count.
    void begin_generation(circuit_state in) noexcept {
        word.store((generation() + 1) << 3 | static_cast<std::uint64_t>(in), std::memory_order_release);
    }

    time_point now() const noexcept { return options.time->now(); }
    time_point beginning() const noexcept { return times_calls ? now() : time_point(); }

    result<permit> pass() noexcept;
    result<permit> pass_locked(time_point at) noexcept;
    error refuse(time_point at) noexcept;
    error refusal(std::uint32_t seconds) noexcept;

    void settle(std::uint64_t of, time_point began, bool failed) noexcept;
    void give_back(std::uint64_t of) noexcept;
    bool counts_as_failure(const error& why) const noexcept;

    transition count(call_outcome one, time_point at) noexcept;
    transition count_probe(call_outcome one) noexcept;
    transition evaluate_probes(circuit_reason if_failed) noexcept;
    std::optional<circuit_reason> over_limit(const call_counts& seen, std::uint64_t of) const noexcept;

    transition pass_time(time_point at) noexcept;
    transition write_off_probes() noexcept;
    transition change(circuit_state to, circuit_reason why) noexcept;
    duration next_open_time() noexcept;
    void command(circuit_state to) noexcept;
    void publish(const transition& what) noexcept;

    const call_counts& counted(time_point at) noexcept {
        return state() == circuit_state::half_open ? probed : window.counts(at);
    }

    const circuit_breaker_options options;
    const std::uint64_t failure_limit; // in millionths
    const std::uint64_t slow_limit;
    const std::uint64_t minimum;
    const bool times_calls;

    std::atomic<std::uint64_t> word{0}; // generation << 3 | state
    std::atomic<std::uint64_t> events_failed{0};

    std::mutex mutex{};
    outcome_window window;
    call_counts probed{};         // probes that returned
    std::uint64_t probes_out = 0; // probes that haven't returned
    time_point last_probe{};      // when the last one began
    time_point open_until{};      // while open
    std::uint32_t reopened = 0;   // consecutive times that probes failed
    error refusal_sent{};         // cached for its retry_after
    circuit_breaker_stats totals{};
};

result<circuit_breaker::permit> circuit_breaker::machine::pass() noexcept {
    const std::uint64_t seen = word.load(std::memory_order_acquire);
    switch (state_in(seen)) {
    case circuit_state::closed:
    case circuit_state::metrics_only:
        return permit(this, generation_in(seen), beginning());
    case circuit_state::disabled:
        return permit(nullptr, 0, {});
    default:
        return pass_locked(now());
    }
}

result<circuit_breaker::permit> circuit_breaker::machine::pass_locked(time_point at) noexcept {
    transition passed;
    transition refused;
    auto answer = [&]() -> result<permit> {
        const std::lock_guard lock(mutex);
        passed = pass_time(at);
        const circuit_state in = state();
        if (in == circuit_state::disabled) return permit(nullptr, 0, {});
        if (in == circuit_state::closed || in == circuit_state::metrics_only) return permit(this, generation(), at);
        if (in == circuit_state::half_open && probed.calls + probes_out < options.probes) {
            ++probes_out;
            last_probe = at;
            return permit(this, generation(), at);
        }
        refused = circuit_breaker_event{
            .what = circuit_breaker_event::type::not_permitted, .breaker = options.name, .from = in, .to = in};
        return refuse(at);
    }();
    publish(passed);
    publish(refused);
    return answer;
}

error circuit_breaker::machine::refuse(time_point at) noexcept {
    ++totals.total_not_permitted;
    switch (state()) {
    case circuit_state::open:
        return refusal(seconds_until(open_until, at));
    case circuit_state::half_open:
        return refusal(1); // the probes are in progress
    default:
        return refusal(0);
    }
}

// Creates one error per value of `seconds` and shares it.
error circuit_breaker::machine::refusal(std::uint32_t seconds) noexcept {
    if (refusal_sent && refusal_sent.retry_after() == seconds) return refusal_sent;
    try {
        error made(errc::unavailable, "the circuit is open, try again later");
        refusal_sent =
            std::move(made)
                .with_code("circuit_open")
                .with_retry_after(seconds)
                .caused_by(error(errc::unavailable, "circuit breaker " + options.name));
        return refusal_sent;
    } catch (const std::bad_alloc&) {
        return errc::unavailable;
    }
}

void circuit_breaker::machine::settle(std::uint64_t of, time_point began, bool failed) noexcept {
    const time_point at = times_calls || window.reads_clock() ? now() : time_point();
    const call_outcome one{failed, times_calls && at - began > options.slow_call_duration};
    transition changed;
    {
        const std::lock_guard lock(mutex);
        ++(failed ? totals.total_failed : totals.total_succeeded);
        if (one.slow) ++totals.total_slow;
        if (of == generation())
            changed = count(one, at);
        else
            ++totals.total_late;
    }
    publish(changed);
}

void circuit_breaker::machine::give_back(std::uint64_t of) noexcept {
    const std::lock_guard lock(mutex);
    ++totals.total_given_back;
    if (of == generation() && state() == circuit_state::half_open) --probes_out;
}

bool circuit_breaker::machine::counts_as_failure(const error& why) const noexcept {
    try {
        return options.counts_as_failure ? options.counts_as_failure(why) : is_failure(why.kind());
    } catch (...) {
        return true;
    }
}

circuit_breaker::machine::transition circuit_breaker::machine::count(call_outcome one, time_point at) noexcept {
    if (state() == circuit_state::half_open) return count_probe(one);
    window.record(one, at);
    if (state() != circuit_state::closed) return {};
    const call_counts& seen = window.counts(at);
    if (seen.calls < minimum) return {};
    const auto why = over_limit(seen, seen.calls);
    return why ? change(circuit_state::open, *why) : transition();
}

circuit_breaker::machine::transition circuit_breaker::machine::count_probe(call_outcome one) noexcept {
    --probes_out;
    ++probed.calls;
    if (one.failed) ++probed.failures;
    if (one.slow) ++probed.slow;
    return evaluate_probes(circuit_reason::failure_rate);
}

// Opens as soon as enough probes have failed, whatever the others return; closes when all have returned.
circuit_breaker::machine::transition circuit_breaker::machine::evaluate_probes(circuit_reason if_failed) noexcept {
    const auto why = over_limit(probed, options.probes);
    if (why) return change(circuit_state::open, *why == circuit_reason::failure_rate ? if_failed : *why);
    if (probed.calls < options.probes) return {};
    return change(circuit_state::closed, circuit_reason::probes_passed);
}

std::optional<circuit_reason> circuit_breaker::machine::over_limit(
    const call_counts& seen, std::uint64_t of) const noexcept {
    if (reached(seen.failures, of, failure_limit)) return circuit_reason::failure_rate;
    if (reached(seen.slow, of, slow_limit)) return circuit_reason::slow_call_rate;
    return {};
}

circuit_breaker::machine::transition circuit_breaker::machine::pass_time(time_point at) noexcept {
    switch (state()) {
    case circuit_state::open:
        if (at < open_until) return {};
        return change(circuit_state::half_open, circuit_reason::open_time_over);
    case circuit_state::half_open:
        if (probes_out == 0 || at < weir::detail::later(last_probe, options.probe_timeout)) return {};
        return write_off_probes();
    default:
        return {};
    }
}

circuit_breaker::machine::transition circuit_breaker::machine::write_off_probes() noexcept {
    probed.calls += probes_out;
    probed.failures += probes_out;
    probes_out = 0;
    begin_generation(circuit_state::half_open); // the outstanding ones may still return
    return evaluate_probes(circuit_reason::probe_timeout);
}

circuit_breaker::machine::transition circuit_breaker::machine::change(circuit_state to, circuit_reason why) noexcept {
    const time_point at = now();
    const circuit_state from = state();
    const call_counts before = counted(at);
    circuit_breaker_event changed{.breaker = options.name, .from = from, .to = to, .why = why};
    changed.failure_rate = rate_of(before.failures, before.calls);
    changed.slow_call_rate = rate_of(before.slow, before.calls);
    if (to == circuit_state::open) {
        reopened = from == circuit_state::half_open ? reopened + 1 : 0;
        changed.half_open_at = open_until = weir::detail::later(at, next_open_time());
        ++totals.total_opened;
    } else if (to != circuit_state::half_open) {
        reopened = 0;
    }
    if (to != circuit_state::open) window.clear(); // an open circuit keeps the counts that opened it
    probed = {};
    probes_out = 0;
    begin_generation(to);
    return changed;
}

duration circuit_breaker::machine::next_open_time() noexcept {
    if (options.open_for == duration::max()) return duration::max();
    const duration grown = scaled(options.open_for, std::pow(options.open_backoff, reopened));
    const duration most = std::max(options.open_for, options.max_open_for);
    if (options.open_jitter == 0) return std::min(grown, most);
    const double spread = 2 * resilience::detail::random_fraction(options.random) - 1;
    return scaled(std::min(grown, most), 1 + options.open_jitter * spread);
}

void circuit_breaker::machine::command(circuit_state to) noexcept {
    transition changed;
    {
        const std::lock_guard lock(mutex);
        if (state() == to && to != circuit_state::closed) return;
        changed = change(to, circuit_reason::requested);
    }
    publish(changed);
}

void circuit_breaker::machine::publish(const transition& what) noexcept {
    if (!what || !options.on_event) return;
    try {
        options.on_event(*what);
    } catch (...) {
        events_failed.fetch_add(1, std::memory_order_relaxed);
    }
}

circuit_breaker::circuit_breaker(circuit_breaker_options options)
    : machine_(std::make_unique<machine>(std::move(options))) {}

circuit_breaker::~circuit_breaker() = default;

result<circuit_breaker::permit> circuit_breaker::try_acquire() noexcept { return machine_->pass(); }

circuit_state circuit_breaker::state() const noexcept { return machine_->state(); }

const std::string& circuit_breaker::name() const noexcept { return machine_->options.name; }

circuit_breaker_stats circuit_breaker::stats() const {
    const time_point at = machine_->now();
    const std::lock_guard lock(machine_->mutex);
    circuit_breaker_stats shown = machine_->totals;
    const call_counts& seen = machine_->counted(at);
    shown.state = machine_->state();
    shown.calls = seen.calls;
    shown.failures = seen.failures;
    shown.slow_calls = seen.slow;
    shown.failure_rate = rate_of(seen.failures, seen.calls);
    shown.slow_call_rate = rate_of(seen.slow, seen.calls);
    shown.total_events_failed = machine_->events_failed.load(std::memory_order_relaxed);
    return shown;
}

void circuit_breaker::update() noexcept {
    machine::transition changed;
    {
        const time_point at = machine_->now();
        const std::lock_guard lock(machine_->mutex);
        changed = machine_->pass_time(at);
    }
    machine_->publish(changed);
}

void circuit_breaker::reset() noexcept { machine_->command(circuit_state::closed); }
void circuit_breaker::force_open() noexcept { machine_->command(circuit_state::forced_open); }
void circuit_breaker::disable() noexcept { machine_->command(circuit_state::disabled); }
void circuit_breaker::metrics_only() noexcept { machine_->command(circuit_state::metrics_only); }

void circuit_breaker::permit::succeed() noexcept {
    if (machine* const to = std::exchange(from_, nullptr)) to->settle(generation_, began_, false);
}

void circuit_breaker::permit::fail(const error& why) noexcept {
    machine* const to = std::exchange(from_, nullptr);
    if (!to) return;
    const bool failed = to->counts_as_failure(why);
    if (!failed && why == errc::cancelled) return to->give_back(generation_);
    to->settle(generation_, began_, failed);
}

void circuit_breaker::permit::give_back() noexcept { from_->give_back(generation_); }

} // namespace weir
