// SPDX-License-Identifier: MIT
// The part of event_core that runs on the writer's thread.
#include "feed/event_core.hpp"
#include <weir/resilience/detail/notify.hpp>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

namespace weir::feed::detail {

using what = event_writer_event::what;

void event_core::serve() {
    lock held(mutex_);
    while (!over_) {
        sleep(held);
        if (abandoned_) break;
        round(held);
    }
    finish();
}

// Sleeps until there is something to do. Producers wake the thread only if it sleeps without a deadline.
void event_core::sleep(lock& held) {
    for (;;) {
        idle_ = true; // later lines see this; earlier ones are seen by the next check
        if (has_lines()) {
            idle_ = false;
            if (batch_at_ == time_point::max()) batch_at_ = weir::detail::later(now(), options_.batch_every);
        }
        if (due()) break;
        const time_point at = next_time();
        if (at == time_point::max() || !options_.clock->passes())
            wake_.wait(held);
        else
            wake_.wait_for(held, std::min<duration>(at - now(), std::chrono::hours(1)));
    }
    idle_ = false;
}

bool event_core::due() const noexcept {
    if (abandoned_) return true;
    const time_point present = now();
    if (present < retry_at_) return false;
    if (closing_ || recovery_due_ || holds_batch() || rounds_ended_ < rounds_wanted_) return true;
    if (has_lines() && (waiting_bytes() >= batch_bytes_ || present >= batch_at_)) return true;
    return file_is_due() || present >= sync_at_;
}

time_point event_core::next_time() const noexcept {
    if (retry_at_ > now()) return retry_at_;
    const time_point batch = has_lines() ? batch_at_ : time_point::max();
    return std::min({batch, file_ ? file_until_ : time_point::max(), sync_at_});
}

bool event_core::file_is_due() const noexcept {
    return file_ && (file_->size() >= options_.rotate_bytes || now() >= file_until_);
}

// A round takes the queued events and tries to write them; after a failure the next attempt belongs to the same round.
void event_core::round(lock& held) {
    if (!holds_batch()) take();
    const bool last = closing_ && !holds_batch();
    const bool failed_before = counts_.failing;
    held.unlock();
    const auto done = attempt(last);
    if (!done) report(what::failed, done.error());
    if (done && failed_before) report(what::resumed, {});
    held.lock();
    settle(done);
    over_ = last && done;
}

void event_core::take() {
    ++rounds_begun_;
    batch_at_ = time_point::max();
    for (unsigned slot = 0; slot < batch_.size(); ++slot) {
        taken_lines_ += lines_.take(slot, batch_[slot]);
        taken_bytes_ += batch_[slot].size();
    }
}

void event_core::settle(const result<void>& done) {
    if (sync_failure_) end_waits(rounds_ended_, std::exchange(sync_failure_, {}));
    if (!done) return settle_failure(done.error());
    counts_.failing = false;
    pause_ = {};
    retry_at_ = time_point::min();
    if (holds_batch()) settle_batch();
    rounds_ended_ = rounds_begun_;
    if (sync_at_ == time_point::max()) end_waits(rounds_ended_, {});
    admit();
}

void event_core::settle_failure(const error& why) {
    ++counts_.failures;
    counts_.failing = true;
    counts_.last_failure = why;
    pause_ = pause_ == duration::zero() ? options_.retry_base : weir::detail::sum(pause_, pause_);
    pause_ = std::min(pause_, options_.retry_max);
    retry_at_ = weir::detail::later(now(), pause_);
}

void event_core::settle_batch() noexcept {
    ++counts_.batches;
    counts_.written += taken_lines_;
    counts_.raw_bytes += taken_bytes_;
    counts_.file_bytes += encoded_.size();
    lines_.release(std::exchange(taken_bytes_, 0));
    taken_lines_ = 0;
    for (std::string& one : batch_) one.clear();
    encoded_.clear();
}

// Queues the events that waited for room, first come, first served.
void event_core::admit() {
    if (!for_room_.first()) return;
    rounds_wanted_ = rounds_begun_ + 1;
    while (durable_wait* const one = for_room_.first()) {
        try {
            if (!lines_.append(one->line)) break;
        } catch (...) {
            for_room_.erase(*one);
            one->outcome = current_error();
            one->task->wake();
            continue;
        }
        for_room_.erase(*one);
        one->queued = true;
        one->round = rounds_wanted_;
        waiting_.push_back(*one);
    }
}

void event_core::end_waits(std::uint64_t up_to, const error& why) noexcept {
    for (durable_wait* one = waiting_.first(); one && one->round <= up_to; one = waiting_.first()) {
        waiting_.erase(*one);
        one->outcome = why;
        one->task->wake();
    }
}

// Counts what was never written, and lets all waits end.
void event_core::finish() noexcept {
    if (!holds_batch()) take();
    counts_.lost += std::exchange(taken_lines_, 0);
    for (unsigned slot = 0; slot < batch_.size(); ++slot) {
        batch_[slot].clear();
        counts_.lost += lines_.take(slot, batch_[slot]);
    }
    lines_.release(lines_.bytes());
    taken_bytes_ = 0;
    over_ = true;
    end_waits(last_round, lost_failure());
    over_changed_.notify_all();
}

result<void> event_core::attempt(bool last) {
    try {
        if (recovery_due_) recover_files();
        if (file_is_due() || (last && file_)) {
            if (auto done = complete_file(); !done) return done;
        }
        if (holds_batch()) {
            if (auto done = write_batch(); !done) return done;
        }
        return now() >= sync_at_ ? sync_file() : ok();
    } catch (...) {
        return current_error();
    }
}

result<void> event_core::write_batch() {
    if (encoded_.empty()) {
        if (auto done = encode(); !done) return done;
    }
    if (!file_) {
        if (auto opened = open_file(); !opened) return opened;
    }
    if (auto done = file_->append(encoded_, options_.sync == sync_policy::batch); !done) return file_failed(done);
    if (options_.sync == sync_policy::interval && sync_at_ == time_point::max())
        sync_at_ = weir::detail::later(now(), options_.sync_every);
    return ok();
}

result<void> event_core::encode() {
    try {
        for (const std::string& part : batch_) encoder_.add(part, encoded_);
        encoder_.finish(encoded_);
        return ok();
    } catch (...) {
        encoder_.reset();
        encoded_.clear();
        return current_error();
    }
}

result<void> event_core::open_file() {
    if (recovery_failed_) recover_files();
    auto room = make_room(files_, options_, names_, encoded_.size());
    if (!room) return room.error();
    for (const auto& one : *room) report(one);
    const wall_time begun = options_.clock->wall_now();
    auto opened = event_file::create(files_, names_, begun, syncs());
    if (!opened) return opened.error();
    file_.emplace(std::move(*opened));
    file_until_ = weir::detail::later(now(), options_.rotate_every);
    if (!options_.partition_by_date) return ok();
    const wall_time midnight = std::chrono::floor<std::chrono::days>(begun) + std::chrono::days(1);
    file_until_ = std::min(file_until_, weir::detail::later(now(), midnight - begun));
    return ok();
}

// A removed file is lost. A file whose torn batch couldn't be cut off is left to the recovery.
result<void> event_core::file_failed(result<void> why) {
    const bool lost = why.error() == errc::not_found;
    if (!lost && !file_->torn()) return why;
    recovery_due_ = !lost;
    file_.reset();
    sync_failure_ = sync_at_ == time_point::max() ? error() : why.error();
    sync_at_ = time_point::max();
    const std::lock_guard held(mutex_);
    counts_.lost_files += lost;
    return why;
}

result<void> event_core::sync_file() {
    sync_at_ = time_point::max();
    if (auto done = file_->sync(); !done) {
        // The kernel reports a lost page once, so another sync would prove nothing: the file ends here.
        sync_failure_ = std::move(done.error()).with_code(std::string(outcome_unknown_code));
        file_until_ = time_point::min();
        return done;
    }
    const std::lock_guard held(mutex_);
    ++counts_.syncs;
    return ok();
}

result<void> event_core::complete_file() {
    if (sync_at_ != time_point::max()) {
        if (auto done = sync_file(); !done) return done;
    }
    if (auto done = file_->complete(syncs()); !done) return file_failed(done);
    const handled_file done{what::completed, file_->path(), file_->size(), 0, {}};
    file_.reset();
    report(done);
    make_room_quietly();
    return ok();
}

// The completed file may exceed the limit of all; a failure to delete others must not stop the writing.
void event_core::make_room_quietly() {
    if (options_.at_max_total_bytes != disk_cap_policy::delete_oldest) return;
    const auto room = make_room(files_, options_, names_, 0);
    if (!room) return report(what::failed, room.error());
    for (const auto& one : *room) report(one);
}

// A file that can't be recovered now is tried again with the next file.
void event_core::recover_files() {
    const auto all = recover(files_, options_, names_);
    recovery_due_ = false;
    recovery_failed_ = std::ranges::any_of(all, [](const auto& one) { return one.kind == what::failed; });
    for (const auto& one : all) report(one);
}

void event_core::report(const handled_file& one) {
    {
        const std::lock_guard held(mutex_);
        counts_.completed_files += one.kind == what::completed;
        counts_.recovered_files += one.kind == what::recovered;
        counts_.deleted_files += one.kind == what::deleted;
        if (one.kind == what::failed) ++counts_.failures;
    }
    resilience::detail::notify(
        options_.on_event, event_writer_event{one.kind, one.path, one.bytes, one.discarded, one.failure});
}

void event_core::report(what kind, const error& why) noexcept {
    try {
        const std::string path = file_ ? file_->path() : options_.folder;
        resilience::detail::notify(options_.on_event, event_writer_event{kind, path, 0, 0, why});
    } catch (const std::bad_alloc&) {
        return; // the statistics have the failure
    }
}

} // namespace weir::feed::detail
