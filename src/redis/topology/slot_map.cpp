// SPDX-License-Identifier: MIT
#include "redis/topology/slot_map.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace weir::redis::detail {

namespace {

constexpr std::size_t max_nodes = 1000; // the most that Redis recommends

struct slot_range {
    std::int64_t first = 0;
    std::int64_t last = 0;
    address node{};
};

bool read_digits(std::string_view text, std::uint16_t& out) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

// [first, last, [host, port, id, ...], replicas...]
std::optional<slot_range> read_range(reply_view from, const address& asked) {
    if (from.size() < 3) return {};
    auto at = from.begin();
    slot_range range;
    range.first = (*at++).integer();
    range.last = (*at++).integer();
    const reply_view node = *at;
    if (node.size() < 2 || range.first < 0 || range.last < range.first || range.last >= slot_count) return {};
    auto part = node.begin();
    range.node.host = std::string((*part++).text());
    if (range.node.host.empty()) range.node.host = asked.host;
    const std::int64_t port = (*part).integer();
    if (port <= 0 || port > 65'535) return {};
    range.node.port = static_cast<std::uint16_t>(port);
    return range;
}

} // namespace

bool slot_map::read(reply_view from, const address& asked) {
    std::vector<slot_range> ranges;
    std::vector<address> nodes;
    for (const reply_view one : from) {
        auto range = read_range(one, asked);
        if (!range || nodes.size() > max_nodes) return false;
        nodes.push_back(range->node);
        ranges.push_back(std::move(*range));
    }
    if (from.kind() != reply_kind::array || ranges.empty()) return false;
    std::ranges::sort(nodes);
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    nodes_ = std::move(nodes);
    slots_ = all_unserved();
    for (const slot_range& range : ranges) {
        const auto index = static_cast<std::int16_t>(index_of(range.node));
        std::fill(slots_.begin() + range.first, slots_.begin() + range.last + 1, index);
    }
    return true;
}

void slot_map::move(std::uint16_t slot, const address& to) {
    const auto at = std::ranges::lower_bound(nodes_, to);
    if (at == nodes_.end() || *at != to) {
        if (nodes_.size() >= max_nodes) return;
        const auto index = static_cast<std::int16_t>(at - nodes_.begin());
        nodes_.insert(at, to);
        for (auto& one : slots_)
            if (one >= index) ++one;
    }
    slots_[slot] = static_cast<std::int16_t>(index_of(to));
}

int slot_map::index_of(const address& node) {
    return static_cast<int>(std::ranges::lower_bound(nodes_, node) - nodes_.begin());
}

std::optional<address> read_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    address one;
    if (colon == std::string_view::npos || !read_digits(text.substr(colon + 1), one.port) || one.port == 0) return {};
    one.host = std::string(text.substr(0, colon));
    return one;
}

std::optional<redirect> read_redirect(std::string_view error_reply, const address& asked) {
    redirect found;
    found.ask = error_reply.starts_with("ASK ");
    if (!found.ask && !error_reply.starts_with("MOVED ")) return {};
    error_reply.remove_prefix(found.ask ? 4 : 6);
    const std::size_t space = error_reply.find(' ');
    if (space == std::string_view::npos || !read_digits(error_reply.substr(0, space), found.slot)) return {};
    auto to = read_address(error_reply.substr(space + 1));
    if (!to || found.slot >= slot_count) return {};
    found.to = std::move(*to);
    if (found.to.host.empty()) found.to.host = asked.host;
    return found;
}

} // namespace weir::redis::detail
