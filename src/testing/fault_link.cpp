// SPDX-License-Identifier: MIT
#include "testing/fault_link.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>

namespace weir::testing {

namespace asio = boost::asio;

namespace {

constexpr auto quietly = asio::as_tuple(use_task);

using error_code = boost::system::error_code;

} // namespace

void fault_board::set(direction where, fault what) noexcept {
    faults_[static_cast<std::size_t>(where)] = what;
    ++versions_[static_cast<std::size_t>(where)];
}

fault_proxy_stats fault_board::figures() const {
    const std::lock_guard lock(mutex_);
    return figures_;
}

bool fault_board::wait_until(const std::function<bool(const fault_proxy_stats&)>& holds, duration limit) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return holds(figures_); });
}

fault_link::fault_link(loop& home, fault_board& board, socket_type client)
    : home_(home), board_(board), client_(std::move(client)), upstream_(home.io().get_executor()),
      up_(direction::to_upstream, client_, upstream_, home), down_(direction::to_client, upstream_, client_, home) {}

task<void> fault_link::serve(std::shared_ptr<fault_link> self, tcp::endpoint upstream) {
    auto [failed] = co_await self->upstream_.async_connect(upstream, quietly);
    if (failed) {
        self->reset();
        self->board_.count([](fault_proxy_stats& figures) { --figures.open; });
        co_return;
    }
    error_code ignored;
    self->client_.set_option(tcp::no_delay(true), ignored);
    self->upstream_.set_option(tcp::no_delay(true), ignored);
    self->pumps_ = 2;
    self->home_.spawn(pump(self, self->up_));
    self->home_.spawn(pump(self, self->down_));
}

task<void> fault_link::pump(std::shared_ptr<fault_link> self, lane& way) {
    const bool upwards = way.where == direction::to_upstream;
    std::array<char, 16 * 1024> room;
    bool orderly = true;
    while (orderly) {
        while (!self->cut_ && self->board_.of(way.where).what() == fault::kind::deaf)
            co_await self->wait(way, std::chrono::hours(1));
        auto [ended, got] = co_await way.from.async_read_some(asio::buffer(room), quietly);
        const std::size_t size = got;
        self->board_.count([upwards, size](fault_proxy_stats& figures) {
            (upwards ? figures.read_from_client : figures.read_from_upstream) += size;
        });
        if (ended) {
            orderly = ended == asio::error::eof;
            break;
        }
        orderly = co_await self->forward(way, std::string_view(room.data(), size));
    }
    self->leave(way, orderly);
}

task<bool> fault_link::forward(lane& way, std::string_view bytes) {
    bool alive = true;
    while (alive && !cut_ && !bytes.empty()) bytes.remove_prefix(co_await pass_some(way, bytes, alive));
    co_return alive;
}

// Forwards some of the bytes as the current fault requires; returns how many are done. Returns 0 if the fault must be
// checked again.
task<std::size_t> fault_link::pass_some(lane& way, std::string_view bytes, bool& alive) {
    const fault now = board_.of(way.where);
    const std::uint64_t at = position(way);
    std::size_t size = bytes.size();
    switch (now.what()) {
    case fault::kind::deaf:
        co_await wait(way, std::chrono::hours(1));
        co_return 0;
    case fault::kind::blackhole:
        co_return size;
    case fault::kind::delay:
        co_await wait(way, now.time());
        if (board_.version(way.where) != way.version) co_return 0;
        break;
    case fault::kind::trickle:
    case fault::kind::slice:
        size = static_cast<std::size_t>(std::clamp<std::uint64_t>(now.bytes(), 1, size));
        break;
    case fault::kind::cut:
    case fault::kind::reset:
        co_return co_await pass_up_to_end(way, bytes, alive);
    case fault::kind::corrupt:
        if (now.bytes() >= at && now.bytes() - at < size) {
            std::string damaged(bytes);
            damaged[static_cast<std::size_t>(now.bytes() - at)] ^= static_cast<char>(0xff);
            alive = co_await write(way, damaged);
            co_return size;
        }
        break;
    case fault::kind::none:
        break;
    }
    alive = co_await write(way, bytes.substr(0, size));
    if (now.what() == fault::kind::trickle) co_await wait(way, now.time());
    co_return size;
}

task<std::size_t> fault_link::pass_up_to_end(lane& way, std::string_view bytes, bool& alive) {
    const fault now = board_.of(way.where);
    const std::uint64_t at = position(way);
    const std::uint64_t left = now.bytes() - std::min(now.bytes(), at);
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes.size()));
    if (size > 0) alive = co_await write(way, bytes.substr(0, size));
    if (alive && size == left) {
        if (now.what() == fault::kind::cut) {
            cut();
        } else {
            reset();
            alive = false;
        }
    }
    co_return size;
}

task<bool> fault_link::write(lane& way, std::string_view bytes) {
    auto [failed, sent] = co_await asio::async_write(way.to, asio::buffer(bytes), quietly);
    const std::size_t size = sent;
    const bool upwards = way.where == direction::to_upstream;
    way.passed += size;
    board_.count([upwards, size](fault_proxy_stats& figures) {
        (upwards ? figures.sent_to_upstream : figures.sent_to_client) += size;
    });
    co_return !failed;
}

// Ends early if a fault changes.
task<void> fault_link::wait(lane& way, duration time) {
    way.pause.expires_after(time);
    co_await way.pause.async_wait(quietly);
}

std::uint64_t fault_link::position(lane& way) const noexcept {
    if (way.version != board_.version(way.where)) {
        way.version = board_.version(way.where);
        way.passed = 0;
    }
    return way.passed;
}

void fault_link::wake() noexcept {
    up_.pause.cancel();
    down_.pause.cancel();
}

void fault_link::cut() noexcept {
    cut_ = true;
    error_code ignored;
    client_.shutdown(tcp::socket::shutdown_send, ignored);
    upstream_.shutdown(tcp::socket::shutdown_send, ignored);
    wake();
}

void fault_link::reset() noexcept {
    error_code ignored;
    for (socket_type* one : {&client_, &upstream_}) {
        one->set_option(asio::socket_base::linger(true, 0), ignored);
        one->close(ignored);
    }
    wake();
}

// Forwards an orderly end as such, a failure as a reset.
void fault_link::leave(lane& way, bool orderly) noexcept {
    error_code ignored;
    if (orderly)
        way.to.shutdown(tcp::socket::shutdown_send, ignored);
    else
        reset();
    if (--pumps_ > 0) return;
    client_.close(ignored);
    upstream_.close(ignored);
    board_.count([](fault_proxy_stats& figures) { --figures.open; });
}

} // namespace weir::testing
