// SPDX-License-Identifier: MIT
#include "redis/link/link.hpp"
#include "resilience/random_fraction.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace weir::redis::detail {

namespace asio = boost::asio;

namespace {

error cannot_connect(const address& to, std::string_view why) {
    return {errc::unavailable, "connecting to redis at " + to.text() + " failed: " + std::string(why)};
}

} // namespace

void link::open() {
    if (state_ == state::down) begin_connect();
}

void link::begin_connect() {
    if (state_ != state::down) return;
    const time_point now = home_.clock().now();
    if (now < retry_at_) return arm(retry_at_);
    state_ = state::locating;
    connect_by_ = weir::detail::later(now, terms_->options->connect_timeout);
    arm(connect_by_);
    owner_->locate(*this);
}

void link::unreachable(error why) {
    if (state_ == state::locating) lose(why);
}

void link::dial(const address& to) {
    if (state_ != state::locating) return;
    state_ = state::connecting;
    peer_ = to;
    error_code not_literal;
    const auto literal = asio::ip::make_address(to.host, not_literal);
    if (!not_literal) return resolved({}, {tcp::endpoint(literal, to.port)});
    resolver_.async_resolve(
        to.host, std::to_string(to.port),
        asio::ip::resolver_base::numeric_service | asio::ip::resolver_base::address_configured,
        [self = shared_from_this(), mine = attempt_](const error_code& failed, const auto& found) {
            if (self->attempt_ != mine) return;
            self->guarded([&] {
                std::vector<tcp::endpoint> all;
                for (const auto& one : found) all.push_back(one.endpoint());
                self->resolved(failed, std::move(all));
            });
        });
}

void link::resolved(const error_code& failed, std::vector<tcp::endpoint> found) {
    if (failed || found.empty()) return lose(cannot_connect(peer_, failed ? failed.message() : "it has no address"));
    endpoints_ = std::move(found);
    connect_next();
}

void link::connect_next() {
    const tcp::endpoint to = endpoints_.front();
    endpoints_.erase(endpoints_.begin());
    error_code ignored; // a failed close can't be handled
    socket_.close(ignored);
    socket_.async_connect(to, [self = shared_from_this(), mine = attempt_](const error_code& failed) {
        if (self->attempt_ == mine) self->guarded([&] { self->made(failed); });
    });
}

void link::made(const error_code& failed) {
    if (failed && !endpoints_.empty()) return connect_next();
    if (failed) return lose(cannot_connect(peer_, failed.message()));
    error_code refused;
    socket_.non_blocking(true, refused);
    if (refused) return lose(cannot_connect(peer_, refused.message()));
    error_code ignored; // an option that can't be set only costs speed
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    greet();
}

void link::greet() {
    state_ = state::greeting;
    now_ = progress_at_ = home_.clock().now();
    reader_ = std::make_unique<reply_reader>(terms_->options->max_reply);
    const std::uint64_t mine = attempt_;
    if (terms_->greeting.steps.empty()) {
        greeted({});
    } else {
        greeting_.begin(terms_->greeting);
        out_.append(greeting_.bytes);
        slots_.push({&greeting_, greeting_.replies, appended_, 0, {}});
        terms_->stats->in_flight.add();
        appended_ += greeting_.bytes.size();
        write();
    }
    if (attempt_ == mine) read();
}

void link::greeted(const error& refused) {
    if (state_ != state::greeting) return;
    if (refused && refused.kind() == errc::internal) return lose_all(refused); // the next attempt fails, too
    if (refused) return lose(refused);
    state_ = state::up;
    connect_by_ = time_point::max();
    retry_at_ = {};
    terms_->stats->connected.add();
    terms_->stats->open.add();
    if (std::exchange(was_up_, true)) terms_->stats->reconnects.add();
    owner_->connected(*this);
    if (up()) flush_later();
}

// The first attempt after the loss of a connection follows at once, unless the server only accepts and closes.
void link::note_lost() {
    if (up()) {
        terms_->stats->open.sub();
        terms_->stats->dropped.add();
    }
    state_ = state::down;
    if (std::exchange(useful_, false)) {
        pauses_.succeed();
    } else {
        const duration pause = pauses_.fail(resilience::detail::random_fraction(terms_->options->random));
        retry_at_ = weir::detail::later(home_.clock().now(), pause);
    }
    if (owner_) owner_->lost(*this, last_failure_);
}

} // namespace weir::redis::detail
