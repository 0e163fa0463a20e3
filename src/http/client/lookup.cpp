// SPDX-License-Identifier: MIT
#include "http/client/lookup.hpp"

#include "core/suspend_on_loop.hpp"
#include "http/client/timer.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <unordered_map>

namespace weir::http {

namespace asio = boost::asio;

namespace {

struct looked_up {
    boost::system::error_code failed{};
    client_lookup::addresses found{};
};

using waiting_call = std::shared_ptr<weir::detail::loop_waiter<looked_up>>;

struct known_host {
    client_lookup::addresses found{};
    time_point until{};
};

} // namespace

struct client_lookup::state {
    state(loop& on, duration time, resolver how) : home(on), remember(time), ask(std::move(how)) {}

    const addresses* known(const std::string& host) {
        const auto found = hosts.find(host);
        if (found == hosts.end()) return nullptr;
        if (found->second.until > home.clock().now()) return &found->second.found;
        hosts.erase(found);
        return nullptr;
    }

    void answered(const std::string& host, const looked_up& answer) {
        if (!answer.failed && !answer.found.empty() && remember > duration::zero()) keep(host, answer.found);
        const auto calls = asked.extract(host);
        if (calls.empty()) return;
        for (const auto& call : calls.mapped()) call->post(answer);
    }

    void keep(const std::string& host, const addresses& found) {
        const time_point now = home.clock().now();
        if (hosts.size() >= most) std::erase_if(hosts, [now](const auto& one) { return one.second.until <= now; });
        if (hosts.size() >= most) hosts.clear();
        hosts[host] = known_host{found, later(now, remember)};
    }

    loop& home;
    duration remember;
    resolver ask;
    std::unordered_map<std::string, known_host> hosts{};
    std::unordered_map<std::string, std::vector<waiting_call>> asked{};
};

client_lookup::client_lookup(loop& home, duration remember, resolver ask)
    : state_(std::make_shared<state>(home, remember, std::move(ask))) {}

task<result<client_lookup::addresses>> client_lookup::find(std::string host, client_interrupt& stop) {
    boost::system::error_code not_an_address;
    const auto address = asio::ip::make_address(host, not_an_address);
    if (!not_an_address) co_return addresses(1, address);
    if (const auto* known = state_->known(host)) co_return *known;

    std::optional<cut_scope> cut;
    auto begin = [&](waiting_call mine) {
        auto& calls = state_->asked[host];
        calls.push_back(mine);
        const bool first = calls.size() == 1;
        cut.emplace(stop, [mine] { mine->post({asio::error::operation_aborted, {}}); });
        if (!first) return;
        state_->ask(host, [to = std::weak_ptr(state_), host](const boost::system::error_code& failed, addresses found) {
            if (const auto alive = to.lock()) alive->answered(host, {failed, std::move(found)});
        });
    };
    auto answer = co_await weir::detail::suspend_on_loop<looked_up>(begin);
    cut.reset();
    if (answer.failed) co_return error(errc::unavailable, "looking up " + host + " failed: " + answer.failed.message());
    co_return std::move(answer.found);
}

void client_lookup::forget(const std::string& host) { state_->hosts.erase(host); }

client_lookup::resolver client_lookup::system(loop& home) {
    using tcp = asio::ip::tcp;
    using names = asio::ip::basic_resolver<tcp, asio::io_context::executor_type>;
    return [all = std::make_shared<names>(home.io().get_executor())](const std::string& host, answer report) {
        all->async_resolve(
            host, "0", names::numeric_service | names::address_configured,
            [report = std::move(report)](const boost::system::error_code& failed, const names::results_type& found) {
                addresses list;
                for (const auto& one : found) list.push_back(one.endpoint().address());
                report(failed, std::move(list));
            });
    };
}

} // namespace weir::http
