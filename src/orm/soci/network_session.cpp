// SPDX-License-Identifier: MIT
#include "orm/soci/network_session.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::orm {

namespace {

using namespace std::chrono_literals;

// The server enforces statement_timeout itself, which keeps the connection alive: the client waits longer.
constexpr duration server_goes_first = 250ms;
// How long the server may take to end a statement after a cancel request.
constexpr duration cancel_grace = 250ms;
// A cancel request that arrives before its statement has no effect: it is sent again.
constexpr duration cancel_again_after = 50ms;
// If a FIN isn't acknowledged for this long the link is dead.
constexpr duration acknowledges_within = 500ms;
// Approximately how long the kernel itself waits for an acknowledgement. A longer limit could be the mark of a
// socket_mark.
constexpr duration silence_of_system = 15min;
// A shorter limit would end connections with answers that take as long.
constexpr duration least_silence = 2s;

std::uint8_t state_of(int socket) {
    tcp_info info{};
    socklen_t size = sizeof(info);
    return ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_state : std::uint8_t{TCP_CLOSE};
}

} // namespace

network_session::~network_session() {
    if (socket_ >= 0) ::close(socket_);
}

result<void> network_session::watch(int socket, std::shared_ptr<cancel_request> request, const server_address& at) {
    socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
    if (socket_ < 0) return error(errc::unavailable, "out of file descriptors");
    sender_ = at.cancels;
    request_ = std::move(request);
    statement_timeout_ = at.statement_timeout;
    return ok();
}

// Unix sockets have no such option.
void network_session::limit_silence(duration silence) noexcept {
    silence = std::max<duration>(silence, least_silence);
    if (silence >= silence_of_system) return;
    const auto milliseconds = static_cast<unsigned>(std::chrono::ceil<std::chrono::milliseconds>(silence).count());
    unsigned chosen = 0;
    socklen_t size = sizeof(chosen);
    if (::getsockopt(socket_, IPPROTO_TCP, TCP_USER_TIMEOUT, &chosen, &size) != 0 || chosen != 0) return;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, size);
}

void network_session::hang_up() noexcept { ::shutdown(socket_, SHUT_RDWR); }

void network_session::arm() { on_stop_.emplace(limits_.stop, canceller{this}); }

void network_session::disarm() noexcept { on_stop_.reset(); }

void network_session::end_job() noexcept {
    disarm();
    if (was_cut()) mark_broken(); // the answer may still have arrived just before
    soci_session::end_job();
    if (was_cut()) mark_broken(); // if the end of the transaction took too long
}

void network_session::statement_begins() {
    if (change_phase(phase::runs)) return;
    settle();
    change_phase(phase::runs);
}

void network_session::statement_ended() noexcept {
    if (change_phase(phase::idle)) return;
    settle();
    change_phase(phase::idle);
}

// False while the last statement's cancel request may still be under way.
bool network_session::change_phase(phase to) noexcept {
    const std::lock_guard lock(guard_);
    if (phase_ == phase::cancelled && !cut_) return false;
    phase_ = to;
    time_ = limits_.time;
    cancel_at_ = limits_.deadline;
    cut_at_ = weir::detail::later(statement_ends_, server_goes_first);
    return true;
}

// A cancel request that arrives late would end the next statement.
void network_session::settle() noexcept {
    {
        const std::lock_guard lock(guard_);
        phase_ = phase::settles;
        asked_at_ = system_clock().now();
    }
    if (sender_->wait_sent(*request_, cancel_grace)) return absorb_cancel();
    const std::lock_guard lock(guard_);
    cut_now();
}

void network_session::cut_now() noexcept {
    if (cut_) return;
    cut_ = true;
    cut_since_ = system_clock().now();
    hang_up();
}

void network_session::ask_before_cutting(bool ask) noexcept {
    const std::lock_guard lock(guard_);
    may_ask_ = ask;
}

void network_session::cancel() noexcept {
    const std::lock_guard lock(guard_);
    cancel_now();
}

void network_session::cancel_now() noexcept {
    if (phase_ != phase::runs || cut_) return;
    if (!may_ask_ || !request_ || !sender_->post(request_)) return cut_now();
    phase_ = phase::cancelled;
    asked_at_ = system_clock().now();
    ask_again_at_ = asked_at_ + cancel_again_after;
}

void network_session::cancel_again(time_point now) noexcept {
    if (now < ask_again_at_) return;
    ask_again_at_ = now + cancel_again_after;
    (void)sender_->post(request_);
}

void network_session::enforce() noexcept {
    const std::lock_guard lock(guard_);
    const time_point now = system_clock().now();
    switch (phase_) {
    case phase::idle:
        return;
    case phase::runs:
        if (time_->now() >= cut_at_) return cut_now();
        if (time_->now() >= cancel_at_) cancel_now();
        return;
    case phase::cancelled:
        cancel_again(now);
        [[fallthrough]];
    case phase::settles:
        if (now >= asked_at_ + cancel_grace) cut_now();
        return;
    }
}

bool network_session::was_cut() const noexcept {
    const std::lock_guard lock(guard_);
    return cut_;
}

error network_session::connection_failed(error meaning) {
    mark_broken();
    return was_cut() ? reason_or(std::move(meaning)) : std::move(meaning);
}

// On a dead link the backend's state is unknown; on a good one the backend ends no later than its statement.
bool network_session::gone() const noexcept {
    const time_point now = system_clock().now();
    const std::lock_guard lock(guard_);
    if (!cut_ || now >= weir::detail::later(cut_since_ + 1s, statement_timeout_)) return true;
    const std::uint8_t state = state_of(socket_);
    if (state == TCP_FIN_WAIT1) return now >= cut_since_ + acknowledges_within;
    return state != TCP_FIN_WAIT2;
}

// A server sends nothing without a request: readable data means that it has closed the connection.
bool network_session::looks_alive() noexcept {
    char byte = 0;
    const auto got = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

// Doesn't cancel: a connection that doesn't answer isn't worth a cancel request on another one.
bool network_session::answers(duration within) {
    job_limits limits;
    limits.deadline = weir::detail::later(limits.time->now(), within);
    ask_before_cutting(false);
    begin_job(limits);
    const auto answered = execute("SELECT 1", {});
    end_job();
    ask_before_cutting(true);
    return answered.has_value() && !broken();
}

} // namespace weir::orm
