// SPDX-License-Identifier: MIT
#include "http/websocket_link.hpp"
#include <weir/core/utf8.hpp>
#include <weir/http/websocket_rooms.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::http {

namespace detail {

/// Who is in which room. Process-wide, behind one mutex, which is held while the loops are told, so a loop that
/// has members is there. What a loop is told by itself and by others doesn't run in the order of the telling;
/// so each member has an inbox that is filled under the mutex, and all hear the broadcasts in one order.
class room_table : public std::enable_shared_from_this<room_table> {
public:
    explicit room_table(websocket_rooms_options options) : options_(options) {}

    std::uint64_t join(const std::string& room, const std::shared_ptr<websocket_link>& link) {
        const std::lock_guard lock(mutex_);
        rooms_[room].push_back({++last_id_, &link->home(), {link, std::make_shared<inbox>()}});
        return last_id_;
    }

    void leave(const std::string& room, std::uint64_t id) noexcept {
        const std::lock_guard lock(mutex_);
        const auto found = rooms_.find(room);
        if (found == rooms_.end()) return;
        std::erase_if(found->second, [id](const member& one) { return one.id == id; });
        if (found->second.empty()) rooms_.erase(found);
    }

    std::size_t broadcast(std::string_view room, std::string_view payload, bool binary);

    std::size_t size(std::string_view room) const {
        const std::lock_guard lock(mutex_);
        const auto found = rooms_.find(room);
        return found == rooms_.end() ? 0 : found->second.size();
    }
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

private:
    using inbox = std::vector<shared_frame>; // in the order of their broadcasts
    struct address {
        std::weak_ptr<websocket_link> link;
        std::shared_ptr<inbox> in;
    };
    struct member {
        std::uint64_t id;
        weir::loop* home;
        address at;
    };
    using addresses = std::vector<address>;
    struct by_text : std::hash<std::string_view> {
        using is_transparent = void;
    };

    static std::vector<std::pair<weir::loop*, addresses>> by_loop(const std::vector<member>& members);
    void deliver(const addresses& members);
    inbox empty(inbox& in);

    const websocket_rooms_options options_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::vector<member>, by_text, std::equal_to<>> rooms_;
    std::uint64_t last_id_ = 0;
    std::atomic<std::uint64_t> dropped_{0};
};

std::vector<std::pair<weir::loop*, room_table::addresses>> room_table::by_loop(const std::vector<member>& members) {
    std::vector<std::pair<weir::loop*, addresses>> groups;
    for (const member& one : members) {
        const auto same = [&](const auto& group) { return group.first == one.home; };
        auto group = std::find_if(groups.begin(), groups.end(), same);
        if (group == groups.end()) group = groups.emplace(groups.end(), one.home, addresses());
        group->second.push_back(one.at);
    }
    return groups;
}

std::size_t room_table::broadcast(std::string_view room, std::string_view payload, bool binary) {
    const shared_frame shared = frame_of(payload, binary);
    const std::lock_guard lock(mutex_);
    const auto found = rooms_.find(room);
    if (found == rooms_.end()) return 0;
    for (const member& one : found->second) one.at.in->push_back(shared);
    for (auto& [home, members] : by_loop(found->second))
        home->post([self = shared_from_this(), members = std::move(members)] { self->deliver(members); });
    return found->second.size();
}

room_table::inbox room_table::empty(inbox& in) {
    const std::lock_guard lock(mutex_);
    return std::exchange(in, {});
}

// On the members' loop.
void room_table::deliver(const addresses& members) {
    for (const auto& [to, in] : members) {
        const auto link = to.lock();
        const inbox frames = empty(*in);
        if (link && !link->offer(frames, options_.unsent)) dropped_.fetch_add(1, std::memory_order_relaxed);
    }
}

} // namespace detail

void room_seat::leave() noexcept {
    if (const auto table = std::exchange(table_, nullptr)) table->leave(room_, id_);
}

websocket_rooms::websocket_rooms(websocket_rooms_options options)
    : table_(std::make_shared<detail::room_table>(options)) {}

room_seat websocket_rooms::join(std::string room, const websocket& member) {
    const std::uint64_t id = table_->join(room, member.link_);
    return room_seat(table_, std::move(room), id);
}

result<std::size_t> websocket_rooms::broadcast(std::string_view room, std::string_view text) {
    if (!is_utf8(text)) return error(errc::invalid_argument, "a text message is UTF-8");
    return table_->broadcast(room, text, false);
}

std::size_t websocket_rooms::broadcast_binary(std::string_view room, std::string_view bytes) {
    return table_->broadcast(room, bytes, true);
}

std::size_t websocket_rooms::size(std::string_view room) const { return table_->size(room); }

std::uint64_t websocket_rooms::dropped() const noexcept { return table_->dropped(); }

} // namespace weir::http
