// SPDX-License-Identifier: MIT
#include "http/client/slots.hpp"

#include "core/suspend_on_loop.hpp"

#include <deque>
#include <optional>
#include <unordered_map>

namespace weir::http::detail {

namespace {

using turn = std::shared_ptr<weir::detail::loop_waiter<bool>>;

struct host_line {
    std::size_t taken = 0;
    std::deque<turn> waiting{}; // only while every slot is taken
};

using host_entry = std::pair<const std::string, host_line>;

} // namespace

// Shared by the slots, which may outlive the client if a loop is destroyed with calls still in it.
struct client_slots::state {
    explicit state(std::size_t most) : most_per_host(most) {}

    void give_back(host_entry& host) {
        auto& [name, line] = host;
        if (!line.waiting.empty()) {
            const turn next = std::move(line.waiting.front());
            line.waiting.pop_front();
            next->post(true);
        } else if (--line.taken == 0) {
            hosts.erase(hosts.find(name));
        }
    }

    std::size_t most_per_host;
    std::unordered_map<std::string, host_line> hosts{};
};

client_slots::slot::~slot() {
    if (host_) all_->give_back(*static_cast<host_entry*>(host_));
}

client_slots::client_slots(std::size_t most_per_host) : all_(std::make_shared<state>(most_per_host)) {}

client_slots::slot client_slots::try_take(const std::string& key) {
    host_entry& host = *all_->hosts.try_emplace(key).first;
    if (all_->most_per_host != 0 && host.second.taken >= all_->most_per_host) return {};
    ++host.second.taken;
    return {all_, &host};
}

task<client_slots::slot> client_slots::take(std::string key, client_interrupt& stop) {
    slot free = try_take(key);
    if (free) co_return free;
    const auto all = all_;
    host_entry& host = *all->hosts.find(key); // exists while a call waits in it
    std::optional<cut_scope> cut;
    auto begin = [&](turn mine) {
        host.second.waiting.push_back(mine);
        cut.emplace(stop, [&line = host.second, mine] {
            if (mine->resumed()) return;
            std::erase(line.waiting, mine);
            mine->post(false);
        });
    };
    const bool granted = co_await weir::detail::suspend_on_loop<bool>(begin);
    cut.reset();
    if (!granted) co_return slot();
    co_return slot(all, &host);
}

std::size_t client_slots::waiting() const noexcept {
    std::size_t sum = 0;
    for (const auto& [key, line] : all_->hosts) sum += line.waiting.size();
    return sum;
}

} // namespace weir::http::detail
