// SPDX-License-Identifier: MIT
#include "http/client_pool.hpp"

#include <utility>

namespace weir::http {

std::unique_ptr<client_connection> client_pool::take(const std::string& key) {
    const auto found = idle_.find(key);
    if (found == idle_.end()) return nullptr;
    const time_point oldest = home_.clock().now() - timeout_;
    std::unique_ptr<client_connection> taken;
    while (!taken && !found->second.empty()) {
        auto last = std::move(found->second.back());
        found->second.pop_back();
        if (last->idle_since >= oldest && last->quiet()) taken = std::move(last);
    }
    if (found->second.empty()) idle_.erase(found);
    return taken;
}

void client_pool::put(const std::string& key, std::unique_ptr<client_connection> idle) {
    auto& waiting = idle_[key];
    idle->reused = true;
    idle->idle_since = home_.clock().now();
    waiting.push_back(std::move(idle));
    if (waiting.size() > most_) waiting.erase(waiting.begin());
    if (waiting.empty()) idle_.erase(key);
    if (sweeper_ == 0) sweeper_ = home_.call_at(home_.clock().now() + timeout_, [this] { sweep(); });
}

void client_pool::sweep() {
    sweeper_ = 0;
    const time_point now = home_.clock().now();
    time_point next = time_point::max();
    for (auto& [key, waiting] : idle_) {
        std::erase_if(waiting, [&](const auto& one) { return one->idle_since + timeout_ <= now; });
        if (!waiting.empty()) next = std::min(next, waiting.front()->idle_since + timeout_);
    }
    std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
    if (next != time_point::max()) sweeper_ = home_.call_at(next, [this] { sweep(); });
}

void client_pool::clear() noexcept {
    idle_.clear();
    if (sweeper_ != 0) home_.cancel_timer(std::exchange(sweeper_, 0));
}

std::size_t client_pool::size() const noexcept {
    std::size_t sum = 0;
    for (const auto& [key, waiting] : idle_) sum += waiting.size();
    return sum;
}

} // namespace weir::http
