// SPDX-License-Identifier: MIT
#include "core/cancellation_relay.hpp"
#include "core/suspend_on_loop.hpp"
#include "resilience/option_check.hpp"
#include <weir/resilience/detail/notify.hpp>
#include <weir/resilience/hedge.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <bit>
#include <exception>
#include <memory>

namespace weir {

namespace asio = boost::asio;

namespace resilience::detail {

std::size_t observed_times::place_of(duration took) noexcept {
    const auto ns = static_cast<std::uint64_t>(std::max<duration::rep>(took.count(), std::int64_t{1} << first_power));
    const auto power = static_cast<std::size_t>(std::bit_width(ns)) - 1;
    const std::size_t step = (ns >> (power - 3)) & (steps - 1);
    return std::min((power - first_power) * steps + step, powers * steps - 1);
}

duration observed_times::end_of(std::size_t place) noexcept {
    const std::size_t power = first_power + place / steps;
    return duration(static_cast<duration::rep>((steps + place % steps + 1) << (power - 3)));
}

void observed_times::note(duration took) noexcept {
    constexpr std::uint32_t most = 2048;
    counts_[place_of(took)].fetch_add(1, std::memory_order_relaxed);
    if (count_.fetch_add(1, std::memory_order_relaxed) + 1 == most) forget_half();
}

// Increments by other threads in the meantime count fully or half.
void observed_times::forget_half() noexcept {
    std::uint32_t gone = 0;
    for (auto& one : counts_) {
        const std::uint32_t half = (one.load(std::memory_order_relaxed) + 1) / 2;
        one.fetch_sub(half, std::memory_order_relaxed);
        gone += half;
    }
    count_.fetch_sub(gone, std::memory_order_relaxed);
}

duration observed_times::percentile(double part) const noexcept {
    std::uint64_t all = 0;
    for (const auto& one : counts_) all += one.load(std::memory_order_relaxed);
    std::uint64_t shorter = 0;
    for (std::size_t place = 0; place < counts_.size(); ++place) {
        shorter += counts_[place].load(std::memory_order_relaxed);
        if (static_cast<double>(shorter) >= part * static_cast<double>(all)) return end_of(place);
    }
    return end_of(counts_.size() - 1);
}

} // namespace resilience::detail

namespace {

hedge_options checked(hedge_options options) {
    using namespace resilience::detail;
    if (options.delay) check_range("hedge_options::delay", *options.delay, duration::zero());
    if (!(options.percentile > 0 && options.percentile < 1))
        refuse_option("hedge_options::percentile", std::to_string(options.percentile), "above 0 and below 1");
    check_at_least("hedge_options::min_calls", options.min_calls, 1);
    if (options.min_calls > 1000)
        refuse_option("hedge_options::min_calls", std::to_string(options.min_calls), "1 to 1000");
    return options;
}

} // namespace

hedge::hedge(hedge_options options)
    : options_(checked(std::move(options))), budget_(options_.budget ? options_.budget : &own_budget_.emplace()) {}

// Two attempts and the caller that waits for both. Belongs to one loop; shared by everything that may still access it.
struct hedge::race : std::enable_shared_from_this<race> {
    static constexpr std::size_t none = 2;

    struct one {
        asio::cancellation_signal cancel{};
        std::exception_ptr thrown{};
        bool good = false;
        bool running = false;
    };

    race(hedge& of, const attempt& run, const executor& on)
        : self(of), start(run), here(on), home(on.context().loop()), begun(home.clock().now()) {}

    void begin(std::size_t number);
    void begin_second() noexcept;
    void ended(std::size_t number, std::exception_ptr thrown);
    void cancel();
    duration passed() const { return home.clock().now() - begun; }
    std::size_t outcome() const;

    hedge& self;
    const attempt& start;
    const executor here;
    loop& home;
    const time_point begun;
    std::array<one, 2> attempts{};
    std::size_t winner = none;
    bool over = false;
    loop::timer_id timer = 0;
    std::shared_ptr<weir::detail::loop_waiter<std::shared_ptr<race>>> caller{};
};

namespace {

task<void> store_verdict(task<bool> work, bool& in) { in = co_await std::move(work); }

} // namespace

void hedge::race::begin(std::size_t number) {
    one& mine = attempts[number];
    mine.running = true;
    auto work = store_verdict(start(number), mine.good);
    weir::detail::spawn_cancellable(
        here, std::move(work), mine.cancel,
        [held = shared_from_this(), number](std::exception_ptr thrown) { held->ended(number, std::move(thrown)); });
    mine.running = true;
}

// If memory is short, the second attempt isn't made.
void hedge::race::begin_second() noexcept {
    const duration after = passed();
    if (!self.budget_->try_withdraw()) return self.note(budget_refused, hedge_event::what::budget_refused, after);
    try {
        begin(1);
    } catch (const std::bad_alloc&) {
        attempts[1].running = false;
        return;
    }
    self.note(hedged, hedge_event::what::hedged, after);
}

void hedge::race::ended(std::size_t number, std::exception_ptr thrown) {
    one& mine = attempts[number];
    one& other = attempts[1 - number];
    mine.running = false;
    mine.thrown = std::move(thrown);
    home.cancel_timer(timer);
    if (mine.good && winner == none) {
        winner = number;
        self.times_.note(passed()); // a lower bound if the other attempt was the first
        if (number == 1) self.note(won, hedge_event::what::won, passed());
        if (other.running) other.cancel.emit(asio::cancellation_type::total);
    }
    if (other.running || std::exchange(over, true)) return;
    std::exchange(caller, nullptr)->post(shared_from_this());
}

std::size_t hedge::race::outcome() const {
    if (winner != none) return winner;
    for (const one& each : attempts)
        if (each.thrown) std::rethrow_exception(each.thrown);
    return 0;
}

void hedge::race::cancel() {
    home.cancel_timer(timer);
    for (one& each : attempts)
        if (each.running) each.cancel.emit(asio::cancellation_type::total);
}

task<std::optional<std::size_t>> hedge::run_race(const attempt& start) {
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) co_return std::nullopt;
    counts_.add(calls);
    budget_->deposit();
    const executor here = co_await this_task;
    auto begin = [&](std::shared_ptr<weir::detail::loop_waiter<std::shared_ptr<race>>> caller) {
        const auto state = std::make_shared<race>(*this, start, here); // owns this frame until the frame resumes
        if (auto outer = caller->slot(); outer.is_connected())
            outer.assign([state](asio::cancellation_type) { state->cancel(); });
        state->caller = std::move(caller);
        if (const auto after = delay())
            state->timer =
                state->home.call_at(weir::detail::later(state->begun, *after), [state] { state->begin_second(); });
        state->begin(0);
    };
    const auto over = co_await weir::detail::suspend_on_loop<std::shared_ptr<race>>(begin);
    co_return over->outcome();
}

std::optional<duration> hedge::delay() const noexcept {
    if (options_.delay) return options_.delay;
    if (times_.count() < options_.min_calls) return std::nullopt;
    return times_.percentile(options_.percentile);
}

void hedge::note(counted what, hedge_event::what kind, duration after) noexcept {
    counts_.add(what);
    resilience::detail::notify(options_.on_event, hedge_event{kind, after});
}

hedge_stats hedge::stats() const noexcept {
    return {counts_.sum(calls), counts_.sum(hedged), counts_.sum(won), counts_.sum(budget_refused)};
}

} // namespace weir
