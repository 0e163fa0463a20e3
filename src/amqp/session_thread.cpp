// SPDX-License-Identifier: MIT
#include "amqp/session_thread.hpp"

#include "resilience/random_fraction.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <poll.h>
#include <pthread.h>
#include <utility>

namespace weir::amqp {

namespace {

// Milliseconds for poll, rounded up.
int poll_time(time_point until) noexcept {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

// No signal of the process is handled on the thread, and a broken connection is an error, not SIGPIPE.
void block_signals() noexcept {
    sigset_t all{};
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

} // namespace

void session_counts::note(const error& failure) {
    const std::lock_guard lock(mutex_);
    last_error_ = failure.describe();
}

std::string session_counts::last_error() const {
    const std::lock_guard lock(mutex_);
    return last_error_;
}

session_thread::session_thread(const queue_options& options, std::shared_ptr<session_counts> counts, std::string name)
    : options_(options), counts_(std::move(counts)), name_(std::move(name)), next_pause_(options.min_reconnect),
      ended_(std::make_shared<channel<std::monostate>>()) {}

session_thread::~session_thread() = default;

void session_thread::start() {
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), name_.c_str());
}

void session_thread::stop() noexcept {
    stopping_.store(true, std::memory_order_release);
    wake_->wake();
}

void session_thread::join() noexcept {
    if (thread_.joinable()) thread_.join();
}

void session_thread::run() noexcept {
    block_signals();
    while (!stopping()) {
        try {
            serve_one();
        } catch (...) { // out of memory: the connection is gone, and is made again after a pause
            connected_ = false;
            blocked_ = false;
            lost(current_error());
        }
        if (!stopping()) pause();
    }
    lost(error(errc::unavailable, "the queue is closed").with_code("closed"));
    ended_->close();
}

void session_thread::serve_one() {
    auto opened = connection::open(options_, options_.hosts[next_host_]);
    auto ended = opened ? begin(**opened) : result<void>(opened.error());
    if (!ended) {
        counts_->failed_connections.fetch_add(1, std::memory_order_relaxed);
        counts_->note(ended.error());
        next_host_ = (next_host_ + 1) % options_.hosts.size();
        return lost(ended.error());
    }
    counts_->connections.fetch_add(1, std::memory_order_relaxed);
    next_pause_ = options_.min_reconnect;
    connected_ = true;
    ended = serve(**opened);
    connected_ = false;
    blocked_ = false;
    if (ended) return (*opened)->close();
    counts_->lost_connections.fetch_add(1, std::memory_order_relaxed);
    counts_->note(ended.error());
    lost(ended.error());
}

// Returns when the connection is lost or the thread is to stop.
result<void> session_thread::serve(connection& on) {
    while (!stopping()) {
        wake_->clear();
        if (auto worked = work(on); !worked) return worked;
        const auto read = take_all(on);
        if (!read) return read.error();
        if (*read) continue; // frames may have made work
        wait(on.fd(), std::min(next_due(), now() + options_.heartbeat / 3));
    }
    return ok();
}

// Returns whether there were frames. Ends after some, so that a stream of them doesn't keep `work` from running.
result<bool> session_thread::take_all(connection& from) {
    constexpr int most = 256;
    for (int count = 0; count < most; ++count) {
        amqp_frame_t frame{};
        error failure;
        const auto got = from.read(frame, failure);
        if (got == connection::got::broken) return failed(failure);
        if (got == connection::got::nothing) return count > 0;
        auto taken = frame.channel == 0 ? take_control(frame) : take(from, frame);
        if (!taken) return failed(taken.error());
        from.release();
    }
    return true;
}

result<void> session_thread::take_control(const amqp_frame_t& frame) {
    if (frame.frame_type != AMQP_FRAME_METHOD) return ok();
    switch (frame.payload.method.id) {
    case AMQP_CONNECTION_BLOCKED_METHOD:
        blocked_ = true;
        return ok();
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
        blocked_ = false;
        return ok();
    case AMQP_CONNECTION_CLOSE_METHOD: {
        const auto& closed = *static_cast<const amqp_connection_close_t*>(frame.payload.method.decoded);
        return error(errc::unavailable, "the broker closed the connection: " + std::string(text(closed.reply_text)));
    }
    default:
        return ok();
    }
}

void session_thread::wait(int fd, time_point until) const noexcept {
    std::array<pollfd, 2> all{pollfd{wake_->fd(), POLLIN, 0}, pollfd{fd, POLLIN, 0}};
    ::poll(all.data(), fd < 0 ? 1 : 2, poll_time(until));
}

// Waits before the next attempt, a random part of the pause so that many instances spread.
void session_thread::pause() {
    const double part = 0.5 + 0.5 * resilience::detail::random_fraction({});
    const time_point until =
        now() + duration(static_cast<duration::rep>(static_cast<double>(next_pause_.count()) * part));
    next_pause_ = std::min(next_pause_ * 2, options_.max_reconnect);
    while (!stopping() && now() < until) {
        wake_->clear();
        if (!stopping()) wait(-1, until);
    }
}

} // namespace weir::amqp
