// SPDX-License-Identifier: MIT
#include "redis/client/client_core.hpp"
#include "redis/client/dedicated.hpp"
#include "redis/client/loop_client.hpp"
#include <weir/redis/client.hpp>
#include <weir/redis/scan.hpp>

#include <utility>

namespace weir::redis {

namespace {

client_options options_with(std::string url) {
    client_options options;
    options.url = std::move(url);
    return options;
}

task<result<connection>> acquire_on(std::shared_ptr<detail::client_core> core, std::string key) {
    auto known = co_await detail::know_nodes(core);
    if (!known) co_return known.error();
    const executor here = co_await this_task;
    auto own = detail::take_dedicated(core->at(here.context().loop()), key);
    if (!own) co_return own.error();
    co_return connection(std::move(*own));
}

} // namespace

client::client(std::string url) : client(options_with(std::move(url))) {}

client::client(client_options options)
    : core_(std::make_shared<detail::client_core>(std::move(options))), target_(core_) {}

client::~client() { close(); }

task<result<connection>> client::acquire(std::string_view key) { return acquire_on(core_, std::string(key)); }

void client::close() noexcept { core_->close(); }

client_stats client::stats() const { return core_->stats(); }

const client_options& client::options() const noexcept { return *core_->terms->options; }

task<result<void>> detail::know_nodes(shared_target client) {
    const executor here = co_await this_task;
    loop_client& part = std::static_pointer_cast<client_core>(client)->at(here.context().loop());
    if (part.knows_nodes()) co_return ok();
    auto slots = co_await perform<reply>(client, redis::command("CLUSTER", "SLOTS"));
    if (!slots) co_return slots.error();
    part.learn(slots->view());
    if (!part.knows_nodes()) co_return error(errc::unavailable, "the cluster serves no slot");
    co_return ok();
}

task<result<int>> detail::node_count(shared_target client) {
    auto known = co_await know_nodes(client);
    if (!known) co_return known.error();
    const executor here = co_await this_task;
    co_return std::static_pointer_cast<client_core>(client)->at(here.context().loop()).node_count();
}

} // namespace weir::redis
