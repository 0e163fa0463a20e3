// SPDX-License-Identifier: MIT
#include "app/readiness.hpp"

#include <weir/core/loop.hpp>

#include <chrono>
#include <utility>

namespace weir {

namespace {

constexpr duration fresh_for = std::chrono::seconds(1);

} // namespace

class readiness::turn {
public:
    explicit turn(readiness& of) : of_(of) {}
    ~turn() {
        const std::lock_guard lock(of_.mutex_);
        of_.asking_ = false;
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

    void note(const error& verdict, time_point now) {
        const std::lock_guard lock(of_.mutex_);
        of_.last_ = verdict;
        of_.fresh_until_ = now + fresh_for;
    }

private:
    readiness& of_;
};

// The last verdict, while it is fresh or another caller is already running the checks; nothing if this caller should
// run them.
std::optional<error> readiness::remembered(time_point now) {
    const std::lock_guard lock(mutex_);
    if (last_ && now < fresh_until_) return last_;
    if (!std::exchange(asking_, true)) {
        asking_since_ = now;
        return {};
    }
    if (last_ && now < asking_since_ + fresh_for) return last_;
    return error(errc::unavailable, "the checks haven't finished yet");
}

task<error> readiness::verdict() {
    const executor here = co_await this_task;
    const weir::clock& time = here.context().loop().clock();
    if (auto known = remembered(time.now())) co_return std::move(*known);
    turn mine(*this);
    const error made = co_await ask_all();
    mine.note(made, time.now());
    co_return made;
}

task<error> readiness::ask_all() const {
    for (const auto& one : probes_) {
        result<void> outcome = ok();
        try {
            outcome = co_await one.ask();
        } catch (...) {
            outcome = current_error();
        }
        if (!outcome) co_return error(errc::unavailable, one.name + " isn't ready").caused_by(outcome.error());
    }
    co_return error();
}

} // namespace weir
