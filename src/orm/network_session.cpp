// SPDX-License-Identifier: MIT
#include "orm/network_session.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::orm {

namespace {

// The server ends a statement at statement_timeout by itself, and the connection survives that: it goes first.
constexpr duration server_goes_first = std::chrono::milliseconds(250);

} // namespace

network_session::~network_session() {
    if (socket_ >= 0) ::close(socket_);
}

bool network_session::watch(int socket) noexcept {
    socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
    return socket_ >= 0;
}

void network_session::hang_up() noexcept { ::shutdown(socket_, SHUT_RDWR); }

void network_session::begin_job(const job_limits& limits) {
    soci_session::begin_job(limits);
    on_stop_.emplace(limits.stop, cutter{this});
}

void network_session::end_job() noexcept {
    on_stop_.reset();
    if (was_cut()) mark_broken(); // though the answer may have arrived just before
    soci_session::end_job();
}

void network_session::statement_begins() {
    const std::lock_guard lock(guard_);
    running_ = true;
    time_ = limits_.time;
    const time_point late = statement_ends_ > time_point::max() - server_goes_first
                                ? time_point::max()
                                : statement_ends_ + server_goes_first;
    ends_ = std::min(limits_.deadline, late);
    if (limits_.stop.stop_requested() && !cut_) cut_now();
}

void network_session::statement_ended() noexcept {
    const std::lock_guard lock(guard_);
    running_ = false;
}

void network_session::cut_now() noexcept {
    cut_ = true;
    hang_up();
}

void network_session::cut() noexcept {
    const std::lock_guard lock(guard_);
    if (running_ && !cut_) cut_now();
}

void network_session::enforce() noexcept {
    const std::lock_guard lock(guard_);
    if (running_ && !cut_ && time_->now() >= ends_) cut_now();
}

bool network_session::was_cut() const noexcept {
    const std::lock_guard lock(guard_);
    return cut_;
}

// A transaction's end isn't cancelled any more, and may take as long as a statement.
void network_session::shield() noexcept {
    on_stop_.reset();
    limits_.stop = {};
    limits_.deadline = time_point::max();
}

// Nothing should have come while nobody asked: what has is the server's farewell.
bool network_session::looks_alive() noexcept {
    char byte = 0;
    const auto got = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool network_session::answers(duration within) {
    job_limits limits;
    limits.deadline = limits.time->now() + within;
    begin_job(limits);
    const auto answered = execute("SELECT 1", {});
    end_job();
    return answered.has_value() && !broken();
}

} // namespace weir::orm
