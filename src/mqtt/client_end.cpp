// SPDX-License-Identifier: MIT
// The part of client_core that ends it, on the home loop.
#include "mqtt/client_core.hpp"

#include <algorithm>
#include <utility>

namespace weir::mqtt::detail {

void client_core::begin_close(const std::shared_ptr<pending>& answer) {
    closers_.push_back(answer);
    closing_ = true;
    if (!up_) finish(closed_failure_);
}

bool client_core::is_idle() const {
    const bool handling = std::ranges::any_of(subscriptions_, [](const auto& one) { return one.second->busy; });
    if (handling || !session_.quiet() || !unsent_.empty() || !sending_.empty()) return false;
    const std::lock_guard held(mutex_);
    return waiting_.empty();
}

void client_core::try_close() {
    if (!closing_ || farewell_ || !up_ || !is_idle()) return;
    write_empty(out_, packet_type::disconnect);
    farewell_ = true;
    flush();
}

// Ends everything that waits. Idempotent.
void client_core::finish(const error& why) noexcept {
    {
        const std::lock_guard held(mutex_);
        if (finished_) return;
        finished_ = closed_ = true;
        counts_.connected = false;
    }
    fail_connection();
    end_all(why);
    runner_.cancel();
    const std::lock_guard held(mutex_);
    home_ = nullptr;
}

void client_core::end_all(const error& why) noexcept {
    std::map<std::string, std::shared_ptr<subscription>> subscriptions;
    subscriptions.swap(subscriptions_);
    for (const auto& [filter, one] : subscriptions) {
        one->worker.cancel();
        one->arrived.close();
        if (one->answer) complete(*one->answer, closed_failure_);
    }
    session_.close(closed_failure_);
    std::list<std::shared_ptr<pending_publish>> waiting;
    std::vector<std::shared_ptr<pending>> callers;
    std::list<command> commands;
    {
        const std::lock_guard held(mutex_);
        waiting.swap(waiting_);
        for (const auto& one : waiting) one->sent = true; // it isn't in the list any more
        callers.swap(connecting_);
        commands.swap(commands_);
    }
    const bool lost = !waiting.empty();
    for (const auto& one : waiting) end_publish(*one, closed_failure_);
    for (const auto& one : callers) complete(*one, closed_failure_);
    for (const auto& [filter, answer] : leaving_)
        if (answer) complete(*answer, closed_failure_);
    leaving_.clear();
    for (const auto& one : closers_) complete(*one, lost ? why : error());
    closers_.clear();
    for (const command& one : commands)
        if (one.answer) complete(*one.answer, closed_failure_);
}

} // namespace weir::mqtt::detail
