// SPDX-License-Identifier: MIT
#include "redis/client/loop_client.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace weir::redis::detail {

namespace {

constexpr std::size_t max_idle = 8; // dedicated connections that are kept for later users

std::shared_ptr<link_terms> link_terms_of(const client_terms& terms) {
    const redis_url& url = terms.url;
    auto made = std::make_shared<link_terms>();
    made->options = terms.options;
    made->stats = std::make_shared<counters>();
    made->greeting =
        greeting_plan(url.user, url.password, url.database, terms.options->name, url.kind == topology::sentinel);
    return made;
}

} // namespace

error closed_error() { return error(errc::unavailable, "the redis client is closed").with_code("closed"); }

loop_client::loop_client(loop& home, std::shared_ptr<client_terms> terms)
    : home_(home), terms_(std::move(terms)), link_terms_(link_terms_of(*terms_)) {}

bool loop_client::refuse_if_closed(call& one) const {
    if (terms_->closed) one.fail(closed_error());
    return terms_->closed;
}

void loop_client::submit(call& one) {
    if (refuse_if_closed(one)) return;
    while (shared_.size() < terms_->options->connections) shared_.push_back(make_link(link::use::shared));
    least_loaded(shared_).submit(one);
}

std::shared_ptr<link> loop_client::make_link(link::use how) {
    return std::make_shared<link>(home_, link_terms_, *this, how);
}

link& loop_client::least_loaded(const std::vector<std::shared_ptr<link>>& all) {
    const auto by_load = [](const auto& a, const auto& b) { return a->load() < b->load(); };
    return all.size() == 1 ? *all.front() : **std::ranges::min_element(all, by_load);
}

result<std::shared_ptr<link>> loop_client::take(std::string_view key) {
    if (terms_->closed) return closed_error();
    const address target = target_for(key);
    std::erase_if(idle_, [](const auto& one) { return one->closed(); });
    const auto same_target = [&](const auto& one) { return one->target() == target; };
    if (const auto kept = std::ranges::find_if(idle_, same_target); kept != idle_.end()) {
        auto own = std::move(*kept);
        idle_.erase(kept);
        ++in_use_;
        return own;
    }
    if (in_use_ >= terms_->options->max_dedicated) {
        stats()->refused.add();
        return error(errc::resource_exhausted, "all dedicated connections to redis are in use: max_dedicated is " +
                                                   std::to_string(terms_->options->max_dedicated));
    }
    std::erase_if(lent_, [](const auto& one) { return one.expired(); });
    auto own = make_link(link::use::exclusive);
    own->aim(target);
    lent_.push_back(own);
    ++in_use_;
    return own;
}

void loop_client::give_back(std::shared_ptr<link> own, bool clean) noexcept {
    --in_use_;
    try {
        if (clean && own->idle() && own->up() && !terms_->closed && idle_.size() < max_idle)
            return idle_.push_back(std::move(own));
    } catch (...) {
        clean = false; // no memory to keep it
    }
    own->close(errc::unavailable);
}

std::shared_ptr<link> loop_client::listen(link_owner& to) {
    std::erase_if(lent_, [](const auto& one) { return one.expired(); });
    auto own = std::make_shared<link>(home_, link_terms_, to, link::use::listening);
    lent_.push_back(own);
    return own;
}

void loop_client::close() {
    const auto shared = shared_; // a call's end may change these
    const auto lent = lent_;
    for (const auto& one : shared) one->close(closed_error());
    for (const auto& one : lent)
        if (const auto alive = one.lock()) alive->close(closed_error());
    idle_.clear();
}

void loop_client::drop_all() noexcept {
    for (const auto& one : shared_) one->drop_all();
    for (const auto& one : lent_)
        if (const auto alive = one.lock()) alive->drop_all();
}

void loop_client::leave_others(const address& than, const error& why) {
    std::vector<std::shared_ptr<link>> all = shared_;
    for (const auto& one : lent_)
        if (auto alive = one.lock()) all.push_back(std::move(alive));
    for (const auto& one : all)
        if (one->up() && one->peer() != than) one->lose(why);
}

void loop_client::locate(link& one) { one.dial(terms_->url.hosts.front()); }

void loop_client::connected(link& one) { report({client_event::kind::connected, one.peer().text(), {}}); }

void loop_client::lost(link& one, const error& why) { report({client_event::kind::lost, one.peer().text(), why}); }

// Later, because the callback may do anything.
void loop_client::report(client_event event) const {
    if (!terms_->options->on_event) return;
    boost::asio::post(home_.io(), [options = terms_->options, event = std::move(event)] { options->on_event(event); });
}

} // namespace weir::redis::detail
