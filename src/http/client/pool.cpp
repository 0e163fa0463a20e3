// SPDX-License-Identifier: MIT
#include "http/client/pool.hpp"

#include <algorithm>
#include <utility>

namespace weir::http::detail {

std::unique_ptr<client_connection> client_pool::take(const std::string& key) {
    const auto found = idle_.find(key);
    if (found == idle_.end()) return nullptr;
    const time_point oldest = home_.clock().now() - timeout_;
    std::unique_ptr<client_connection> taken;
    while (!taken && !found->second.empty()) {
        auto last = std::move(found->second.back());
        found->second.pop_back();
        --size_;
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
    ++size_;
    if (waiting.size() > most_per_host_) drop_oldest(idle_.find(key));
    if (size_ > most_) drop_oldest(idle_longest());
    if (sweeper_ == 0) sweeper_ = home_.call_at(home_.clock().now() + timeout_, [this] { sweep(); });
}

void client_pool::drop_oldest(lines::iterator host) {
    host->second.erase(host->second.begin());
    --size_;
    if (host->second.empty()) idle_.erase(host);
}

client_pool::lines::iterator client_pool::idle_longest() {
    return std::min_element(idle_.begin(), idle_.end(), [](const auto& a, const auto& b) {
        return a.second.front()->idle_since < b.second.front()->idle_since;
    });
}

void client_pool::sweep() {
    sweeper_ = 0;
    const time_point now = home_.clock().now();
    time_point next = time_point::max();
    for (auto& [key, waiting] : idle_) {
        size_ -= std::erase_if(waiting, [&](const auto& one) { return one->idle_since + timeout_ <= now; });
        if (!waiting.empty()) next = std::min(next, waiting.front()->idle_since + timeout_);
    }
    std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
    if (next != time_point::max()) sweeper_ = home_.call_at(next, [this] { sweep(); });
}

void client_pool::clear() noexcept {
    idle_.clear();
    size_ = 0;
    if (sweeper_ != 0) home_.cancel_timer(std::exchange(sweeper_, 0));
}

} // namespace weir::http::detail
