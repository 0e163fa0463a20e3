// SPDX-License-Identifier: MIT
#include "http/client/race.hpp"

#include "core/suspend_on_loop.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::http::detail {

namespace {

struct connect_attempt {
    unsigned number = 0;
    client_race::endpoint to{};
    std::unique_ptr<client_connection> link{};
};

} // namespace

struct client_race::state : std::enable_shared_from_this<state> {
    state(loop& on, std::vector<endpoint> to) : home(on), left(std::move(to)) {}

    void begin();
    void ended(unsigned number, error_code failed);
    void finish(error_code failed);

    loop& home;
    std::vector<endpoint> left;             // still to be tried
    std::vector<connect_attempt> under_way; // in the order they started
    unsigned begun = 0;
    loop::timer_id next = 0;
    std::unique_ptr<client_connection> winner{};
    error_code outcome{};
    std::shared_ptr<weir::detail::loop_waiter<bool>> waiting{};
};

void client_race::state::begin() {
    home.cancel_timer(std::exchange(next, 0));
    const unsigned number = begun++;
    under_way.push_back({number, left.front(), std::make_unique<client_connection>(home.io())});
    const connect_attempt& mine = under_way.back();
    left.erase(left.begin());
    mine.link->connect(mine.to, [self = shared_from_this(), number](error_code failed) {
        self->ended(number, failed);
    });
    if (!left.empty()) next = home.call_at(home.clock().now() + delay, [this] { begin(); });
}

void client_race::state::ended(unsigned number, error_code failed) {
    const auto mine = std::find_if(under_way.begin(), under_way.end(), [number](const connect_attempt& one) {
        return one.number == number;
    });
    if (mine == under_way.end()) return; // abandoned
    auto link = std::move(mine->link);
    under_way.erase(mine);
    if (!failed) failed = link->prepare();
    if (!failed) {
        winner = std::move(link);
        return finish(failed);
    }
    if (!left.empty()) return begin();
    if (under_way.empty()) finish(failed);
}

void client_race::state::finish(error_code failed) {
    home.cancel_timer(std::exchange(next, 0));
    for (auto one = under_way.rbegin(); one != under_way.rend(); ++one) left.insert(left.begin(), one->to);
    under_way.clear();
    outcome = failed;
    if (const auto caller = std::exchange(waiting, nullptr)) caller->post(!failed);
}

client_race::client_race(loop& home, std::vector<endpoint> to) : state_(std::make_shared<state>(home, std::move(to))) {}

client_race::~client_race() { state_->finish(boost::asio::error::operation_aborted); }

bool client_race::more() const noexcept { return !state_->left.empty(); }

task<std::unique_ptr<client_connection>> client_race::run(client_interrupt& stop, error_code& failed) {
    std::optional<cut_scope> cut;
    auto begin = [&](std::shared_ptr<weir::detail::loop_waiter<bool>> mine) {
        state_->waiting = std::move(mine);
        state_->begin();
        cut.emplace(stop, [this] { state_->finish(boost::asio::error::operation_aborted); });
    };
    const bool connected = co_await weir::detail::suspend_on_loop<bool>(begin);
    cut.reset();
    failed = state_->outcome;
    if (!connected) co_return nullptr;
    co_return std::move(state_->winner);
}

std::vector<client_race::endpoint> by_turns(const std::vector<boost::asio::ip::address>& all, unsigned short port) {
    std::vector<client_race::endpoint> first;
    std::vector<client_race::endpoint> second;
    for (const auto& one : all) (one.is_v6() == all.front().is_v6() ? first : second).emplace_back(one, port);
    std::vector<client_race::endpoint> mixed;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) mixed.push_back(first[i]);
        if (i < second.size()) mixed.push_back(second[i]);
    }
    return mixed;
}

} // namespace weir::http::detail
