// SPDX-License-Identifier: MIT
#pragma once

#include "fuzz/require.hpp"
#include "http/server/session.hpp"
#include <weir/core/loop.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

/// A session's transport that behaves like a socket: it reads when the session wants input, writes at once or when the
/// peer reads, and records the output. Aborts on operations that no session may do on a socket.
class session_peer final : public weir::http::detail::transport {
public:
    session_peer(const weir::http::router& app, const weir::http::limits& limits)
        : home_(time_), host_(home_, app.table(), limits),
          session_(std::make_unique<weir::http::detail::session>(host_, *this, "127.0.0.1")) {
        arm();
    }

    /// Sends up to this many bytes of the input; returns whether the session was reading.
    bool send(std::string_view& input, std::size_t most) {
        if (!reading_ || over() || input.empty()) return false;
        std::string piece(input.substr(0, most)); // the session parses in place
        input.remove_prefix(piece.size());
        home_.refresh();
        reading_ = false;
        session_->receive({piece.data(), piece.size()});
        arm();
        return true;
    }
    void send_end() {
        if (!reading_ || over()) return;
        reading_ = false;
        session_->receive_end();
        arm();
    }
    void stall() { stalled_ = true; }
    /// Reads what is waiting, and everything from now on.
    void take() {
        stalled_ = false;
        if (!std::exchange(waiting_, false) || over()) return;
        home_.refresh();
        session_->written();
        arm();
    }
    void poll() {
        home_.poll();
        arm();
    }
    void pass(weir::duration by) {
        time_.advance(by);
        home_.poll();
        if (session_ && !gone_) session_->tick(home_.now());
        poll();
    }
    void drain() {
        host_.draining = true;
        if (!over()) session_->drain();
        poll();
    }
    /// Drops the connection.
    void reset() {
        session_.reset();
        gone_ = true;
        home_.poll();
    }

    /// The connection has ended, in order or not.
    bool over() const noexcept { return gone_ || finished_; }
    bool cut() const noexcept { return gone_; }
    const std::string& received() const noexcept { return received_; }

private:
    bool write(std::string_view output) override {
        require(!finished_);
        if (!gone_) received_ += output;
        waiting_ = !gone_ && stalled_;
        return !waiting_;
    }
    bool send_file(std::string_view, const weir::http::file_range&) override {
        require(false);
        return true;
    }
    std::uint64_t untaken() override { return waiting_ ? 1 : 0; }
    void finish(bool) override {
        require(!finished_);
        finished_ = true;
    }
    void abort() override { gone_ = true; }
    void resume_input() override {}

    // Called after every event: a socket is armed when data was read, written or reading resumed.
    void arm() {
        if (!over() && session_->wants_input()) reading_ = true;
    }

    weir::manual_clock time_;
    weir::loop home_;
    weir::http::detail::session_host host_;
    std::string received_;
    bool reading_ = false;
    bool stalled_ = false;
    bool waiting_ = false;
    bool finished_ = false;
    bool gone_ = false;
    std::unique_ptr<weir::http::detail::session> session_;
};
