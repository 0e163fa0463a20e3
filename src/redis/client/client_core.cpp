// SPDX-License-Identifier: MIT
#include "redis/client/client_core.hpp"

#include "core/outside_work.hpp"
#include "redis/client/cluster_client.hpp"
#include "redis/client/loop_client.hpp"
#include "redis/client/sentinel_client.hpp"
#include "redis/wire/checked_options.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace weir::redis::detail {

namespace {

std::shared_ptr<client_terms> terms_of(client_options options) {
    auto terms = std::make_shared<client_terms>();
    terms->url = checked(options);
    terms->options = std::make_shared<const client_options>(std::move(options));
    return terms;
}

std::shared_ptr<loop_client> part_for(loop& home, const std::shared_ptr<client_terms>& terms) {
    switch (terms->url.kind) {
    case topology::sentinel:
        return std::make_shared<sentinel_client>(home, terms);
    case topology::cluster:
        return std::make_shared<cluster_client>(home, terms);
    case topology::single:
        break;
    }
    return std::make_shared<loop_client>(home, terms);
}

} // namespace

loop_client_holder::~loop_client_holder() { client->drop_all(); }

client_core::client_core(client_options options)
    : terms(terms_of(std::move(options))), parts([this](loop& home) { return add(home); }) {}

std::unique_ptr<loop_client_holder> client_core::add(loop& home) {
    auto part = part_for(home, terms);
    auto holder = std::make_unique<loop_client_holder>(part);
    const std::lock_guard lock(guard);
    users.push_back({&home, home.outside(), part, part->stats()});
    return holder;
}

void client_core::submit(call& one, loop& home) noexcept {
    try {
        at(home).submit(one);
    } catch (...) {
        one.fail(current_error());
    }
}

// A loop whose queue can't take the handler for lack of memory keeps its connections until it ends; they refuse calls.
void client_core::close() noexcept {
    terms->closed = true;
    const std::lock_guard lock(guard);
    for (const user& one : users)
        one.outside->send([&one] {
            try {
                boost::asio::post(one.home->io(), [part = one.part] {
                    if (const auto alive = part.lock()) alive->close();
                });
            } catch (const std::bad_alloc&) {
                return;
            }
        });
}

client_stats client_core::stats() const {
    client_stats sum;
    const std::lock_guard lock(guard);
    for (const user& one : users) one.stats->add_to(sum);
    return sum;
}

} // namespace weir::redis::detail
