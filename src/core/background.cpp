// SPDX-License-Identifier: MIT
#include "core/background_work.hpp"
#include <weir/core/background.hpp>

namespace weir {

namespace {

task<result<void>> stop_work(std::shared_ptr<detail::background_work> work) {
    if (!work || work->over) co_return ok();
    const executor here = co_await this_task;
    work->stopped = true;
    work->cancel();
    if (&here.context() == &work->context) co_return errc::cancelled;
    const auto ended = co_await work->ended.receive();
    if (ended.error() == errc::unavailable) co_return ok();
    co_return ended.error();
}

} // namespace

background& background::operator=(background&& other) noexcept {
    background taken(std::move(other));
    std::swap(work_, taken.work_);
    return *this;
}

task<result<void>> background::stop() const { return stop_work(work_); }

void background::cancel() const noexcept {
    if (!work_) return;
    work_->stopped = true;
    work_->cancel();
}

bool background::running() const noexcept { return work_ && !work_->over; }

} // namespace weir
