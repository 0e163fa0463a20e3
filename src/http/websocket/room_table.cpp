// SPDX-License-Identifier: MIT
#include "http/websocket/room_table.hpp"

#include "http/server/body_stream.hpp"
#include "http/websocket/link.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace weir::http::detail {

namespace asio = boost::asio;

room_waiter::~room_waiter() { owner.forget(*this); }

room_table::room_table(websocket_rooms_options options)
    : options_(options), high_water_(std::min(body_stream::high_water, options.unsent / 2)) {}

std::uint64_t room_table::join(const std::string& room, const std::shared_ptr<websocket_link>& link) {
    auto joins = std::make_shared<room_member>();
    joins->link = link;
    joins->unsent = link->backlog();
    const std::lock_guard lock(mutex_);
    joins->id = ++last_id_;
    const auto at = rooms_.try_emplace(room).first;
    try {
        branch_of(at->second, link->home()).add(std::move(joins));
    } catch (...) {
        tidy(at);
        throw;
    }
    return last_id_;
}

room_branch& room_table::branch_of(room& in, weir::loop& home) {
    for (const auto& one : in)
        if (&one->outlet().home == &home) return *one;
    auto& outlet = outlets_[&home];
    if (!outlet) outlet = std::make_shared<room_outlet>(home);
    const auto made = in.emplace_back(std::make_shared<room_branch>(outlet));
    ++outlet->branches;
    return *made;
}

void room_table::leave(const std::string& room, std::uint64_t id) noexcept {
    const std::lock_guard lock(mutex_);
    const auto at = rooms_.find(room);
    if (at == rooms_.end()) return;
    for (const auto& one : at->second) one->remove(id);
    tidy(at);
}

// A room exists while it has members, and so does its branch on a loop.
void room_table::tidy(room_map::iterator at) noexcept {
    const auto deserted = [](const auto& one) { return one->empty(); };
    for (const auto& one : at->second)
        if (deserted(one)) close(*one);
    std::erase_if(at->second, deserted);
    if (at->second.empty()) rooms_.erase(at);
}

void room_table::close(room_branch& branch) noexcept {
    room_outlet& at = branch.outlet();
    std::erase_if(at.ready, [&](const auto& one) { return one.get() == &branch; });
    if (--at.branches != 0) return;
    wake_waiters(at);
    outlets_.erase(&at.home);
}

std::size_t room_table::broadcast(std::string_view room, const shared_frame& frame) {
    const std::lock_guard lock(mutex_);
    const auto found = rooms_.find(room);
    return found == rooms_.end() ? 0 : share(found->second, frame);
}

task<result<std::size_t>> room_table::send(std::string_view room, const shared_frame& frame) {
    const auto self = shared_from_this();
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    const executor here = co_await this_task;
    room_waiter waiter(*this, here.context().loop());
    for (;;) {
        if (const auto recipients = try_share(room, frame, waiter)) co_return *recipients;
        co_await waiter.point->wait();
        if (weir::detail::cancelled(state)) co_return errc::cancelled;
    }
}

// Returns nothing if the sender must wait.
std::optional<std::size_t> room_table::try_share(std::string_view name, const shared_frame& frame,
                                                 room_waiter& waiter) {
    const std::lock_guard lock(mutex_);
    const auto found = rooms_.find(name);
    if (found == rooms_.end()) return 0;
    const std::size_t cost = cost_of(*frame);
    for (const auto& one : found->second) {
        if (one->waiting() == 0 || one->waiting() + cost <= high_water_) continue;
        one->outlet().waiters.push_back(&waiter);
        return std::nullopt;
    }
    return share(found->second, frame);
}

// Steps that can fail come first.
std::size_t room_table::share(const room& with, const shared_frame& frame) {
    for (const auto& one : with) prepare(*one);
    std::size_t recipients = 0;
    for (const auto& one : with) {
        one->push(frame, options_.unsent);
        recipients += one->listening();
        if (!std::exchange(one->ready, true)) one->outlet().ready.push_back(one);
    }
    return recipients;
}

// Posts one function for everything that the loop delivers in its next turn, regardless of the number of broadcasts.
void room_table::prepare(room_branch& branch) {
    branch.make_room();
    const auto& at = branch.shared_outlet();
    if (at->posted) return;
    at->home.post([self = shared_from_this(), at] { self->deliver(*at); });
    at->posted = true;
}

// Runs on the members' loop. User code that runs in the meantime may join, leave and broadcast.
void room_table::deliver(room_outlet& at) {
    room ready;
    {
        const std::lock_guard lock(mutex_);
        at.posted = false;
        ready.swap(at.ready);
        for (const auto& one : ready) one->ready = false;
    }
    for (const auto& one : ready) deliver(*one);
    const std::lock_guard lock(mutex_);
    wake_waiters(at);
}

void room_table::deliver(room_branch& of) {
    const room_batch what = take(of);
    for (auto to = of.after(0); to; to = of.after(to->id))
        if (!deliver(*to, what, of)) dropped_.fetch_add(1, std::memory_order_relaxed);
}

room_batch room_table::take(room_branch& of) {
    const std::lock_guard lock(mutex_);
    return of.take();
}

// Returns false if the delivery ended the member's connection.
bool room_table::deliver(const room_member& to, const room_batch& what, room_branch& of) {
    const auto link = to.link.lock();
    if (!link || !link->is_open()) return true;
    try {
        return to.slow ? link->refuse() : link->offer(what.since(to.first), options_.unsent);
    } catch (const std::bad_alloc&) {
        return abandon(to, of, *link);
    }
}

// There is no memory for a message: losing the connection is better than silently missing the message. If there is no
// memory to close it either, the room's next broadcast does.
bool room_table::abandon(const room_member& one, room_branch& of, websocket_link& link) {
    {
        const std::lock_guard lock(mutex_);
        of.exclude(one.id);
    }
    try {
        link.lose();
    } catch (const std::bad_alloc&) {
        return true;
    }
    return false;
}

// A sender that can't be woken, because memory is exhausted, waits for the loop's next delivery.
void room_table::wake_waiters(room_outlet& at) noexcept {
    try {
        for (const room_waiter* one : at.waiters)
            one->home.post([waits = std::weak_ptr(one->point)] {
                if (const auto point = waits.lock()) point->wake();
            });
        at.waiters.clear();
    } catch (const std::bad_alloc&) {
    }
}

void room_table::forget(room_waiter& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    for (const auto& one : outlets_) std::erase(one.second->waiters, &waiter);
}

std::size_t room_table::size(std::string_view room) const {
    const std::lock_guard lock(mutex_);
    const auto found = rooms_.find(room);
    std::size_t all = 0;
    if (found == rooms_.end()) return all;
    for (const auto& one : found->second) all += one->listening();
    return all;
}

} // namespace weir::http::detail
