// SPDX-License-Identifier: MIT
#include "redis/client/cluster_client.hpp"

#include "redis/wire/routing.hpp"

#include <algorithm>
#include <utility>

namespace weir::redis::detail {

namespace {

constexpr std::uint8_t max_repetitions = 16; // redirections and repetitions of one call
constexpr duration repeat_pause =
    std::chrono::milliseconds(50); // before a repetition, and between questions for the map

std::string_view key_of(const call& one) { return one.from ? first_key(*one.from) : one.key; }

bool in_one_slot(const call& one) {
    if (!one.from) return true;
    const auto keys = keys_of(*one.from);
    return std::ranges::all_of(keys, [&](std::string_view key) { return slot_of(key) == slot_of(keys.front()); });
}

} // namespace

/// CLUSTER SLOTS on its way.
class cluster_client::refreshing final : public call {
public:
    explicit refreshing(cluster_client& to) : to_(to), asked_("CLUSTER", "SLOTS") { bytes = asked_.encoded(); }

    bool under_way = false;

    void accept(reply_view one) override { to_.learn(one); }

private:
    void done() noexcept override {
        under_way = false;
        failure = {};
    }

    cluster_client& to_;
    const command asked_;
};

cluster_client::cluster_client(loop& home, std::shared_ptr<client_terms> terms)
    : loop_client(home, std::move(terms)), refreshing_(std::make_unique<refreshing>(*this)) {}

cluster_client::~cluster_client() = default;

void cluster_client::submit(call& one) {
    if (refuse_if_closed(one)) return;
    if (!in_one_slot(one))
        return one.fail(error(errc::invalid_argument, "the keys of one command must have the same slot of the cluster: "
                                                      "give them a common part in braces, such as {user:7}"));
    if (map_.empty()) refresh();
    if (one.node >= 0 && one.node < node_count())
        send_to(one, map_.nodes()[static_cast<std::size_t>(one.node)]);
    else
        send_to(one, node_for(key_of(one)));
}

address cluster_client::node_for(std::string_view key) {
    const int index = key.empty() ? -1 : map_.node_of(slot_of(key));
    return index < 0 ? any_node() : map_.nodes()[static_cast<std::size_t>(index)];
}

address cluster_client::any_node() {
    const auto& all = map_.empty() ? terms().url.hosts : map_.nodes();
    return all[next_++ % all.size()];
}

address cluster_client::target_for(std::string_view key) { return node_for(key); }

std::vector<std::shared_ptr<link>>& cluster_client::links_of(const address& node) {
    auto& all = nodes_[node];
    while (all.size() < terms().options->connections) {
        all.push_back(make_link(link::use::shared));
        all.back()->aim(node);
    }
    return all;
}

void cluster_client::send_to(call& one, const address& node) { least_loaded(links_of(node)).submit(one); }

void cluster_client::locate(link& one) {
    if (one.target().port == 0) one.aim(any_node()); // a subscription's: any node publishes to it
    one.dial(one.target());
}

// Until the map is known, a call may as well go to another of the URL's hosts.
void cluster_client::lost(link& one, const error& why) {
    refresh();
    if (one.listening()) one.aim({});
    loop_client::lost(one, why);
    if (!map_.empty() || terms().url.hosts.size() < 2 || one.exclusive()) return;
    while (call* const waits = one.take_queued()) waits == refreshing_.get() ? waits->fail(why) : submit(*waits);
}

bool cluster_client::takes_back(call& one, link& from, reply_view why) {
    const std::string_view text = why.text();
    const auto moved = read_redirect(text, from.peer());
    const bool later = text.starts_with("TRYAGAIN") || text.starts_with("CLUSTERDOWN");
    if (!moved && !later) return false;
    if (!moved || !moved->ask) refresh();
    if (moved && !moved->ask && !map_.empty()) map_.move(moved->slot, moved->to);
    if (from.exclusive() || one.moves >= max_repetitions) return false;
    from.release(one);
    ++one.moves;
    stats()->redirects.add();
    if (later) {
        wait_and_send(one, from);
    } else {
        one.asking = moved->ask;
        send_to(one, moved->to);
    }
    return true;
}

// The deadline bounds the repetitions.
void cluster_client::wait_and_send(call& one, const link& from) {
    one.not_before = weir::detail::later(home().clock().now(), repeat_pause);
    const std::string_view key = key_of(one);
    send_to(one, key.empty() ? from.peer() : node_for(key));
}

void cluster_client::refresh() {
    const time_point now = home().clock().now();
    if (refreshing_->under_way || now < refresh_at_ || terms().closed) return;
    refresh_at_ = weir::detail::later(now, repeat_pause);
    refreshing_->under_way = true;
    refreshing_->ended = false;
    refreshing_->begun = {};
    const auto is_up = [](const auto& node) { return !node.second.empty() && node.second.front()->up(); };
    const auto up = std::ranges::find_if(nodes_, is_up);
    const auto& seeds = terms().url.hosts;
    const bool from_map = next_ % 2 == 0 && !map_.empty();
    refreshed_at_ = up != nodes_.end() ? up->first : from_map ? any_node() : seeds[next_++ % seeds.size()];
    send_to(*refreshing_, refreshed_at_);
}

void cluster_client::learn(reply_view slots) {
    if (map_.read(slots, refreshed_at_)) leave_old_nodes();
}

// A call that waits for a node without slots goes to the successor; one that was sent gets its reply.
void cluster_client::leave_old_nodes() {
    std::vector<std::shared_ptr<link>> left;
    std::erase_if(nodes_, [&](auto& node) {
        if (std::ranges::binary_search(map_.nodes(), node.first)) return false;
        if (node.first == refreshed_at_) return false; // perhaps a node by another name
        const bool busy = std::ranges::any_of(node.second, [](const auto& one) { return one->up() && !one->idle(); });
        if (!busy) left.insert(left.end(), node.second.begin(), node.second.end());
        return !busy;
    });
    for (const auto& one : left) {
        while (call* const waits = one->take_queued()) submit(*waits);
        one->close(error(errc::unavailable, "the node has no slots of the cluster any more"));
    }
}

void cluster_client::close() {
    const auto all = nodes_; // a call's end may change it
    for (const auto& [node, links] : all)
        for (const auto& one : links) one->close(closed_error());
    loop_client::close();
}

void cluster_client::drop_all() noexcept {
    for (const auto& [node, links] : nodes_)
        for (const auto& one : links) one->drop_all();
    loop_client::drop_all();
}

} // namespace weir::redis::detail
