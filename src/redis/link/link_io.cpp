// SPDX-License-Identifier: MIT
#include "redis/link/link.hpp"
#include <weir/observe/metrics.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <string>
#include <utility>

namespace weir::redis::detail {

namespace asio = boost::asio;

namespace {

constexpr std::string_view asking = "*1\r\n$6\r\nASKING\r\n";
constexpr std::size_t batch_bytes = 256 * 1024; // handed to the kernel at once; more waits in the queue
constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::size_t kept_bytes = 1024 * 1024; // of the memory for sending, between batches

error lost(const address& peer, std::string_view why) {
    return {errc::unavailable, "the connection to redis at " + peer.text() + " was lost: " + std::string(why)};
}

} // namespace

// Other tasks of this turn may add to the same write.
void link::flush_later() {
    if (flush_posted_ || writing_) return;
    asio::post(home_.io(), [self = shared_from_this()] { self->guarded([&] { self->flush(); }); });
    flush_posted_ = true;
}

void link::flush() {
    flush_posted_ = false;
    if (!up() || writing_) return;
    take_from_queue();
    write();
}

void link::take_from_queue() {
    call* next = queue_.first();
    while (next && out_.size() - out_at_ < batch_bytes) {
        call& one = *next;
        next = queue_.next(one);
        if (!one.wanted()) {
            unqueue(one);
            continue;
        }
        if (one.not_before > now_) {
            arm(one.not_before);
            continue;
        }
        if (std::exchange(one.asking, false)) {
            out_.append(asking);
            slots_.push({nullptr, 1, appended_, 0, {}});
            terms_->stats->in_flight.add();
            appended_ += asking.size();
        }
        const std::size_t before = out_.size();
        out_.append(one.bytes);
        try {
            one.ticket = slots_.push({&one, one.replies, appended_, one.bytes.size(), one.patience});
        } catch (...) {
            out_.resize(before);
            throw;
        }
        if (slots_.size() == 1) progress_at_ = now_;
        appended_ += one.bytes.size();
        const std::size_t bytes = one.bytes.size();
        unqueue(one);
        pending_bytes_ += bytes;
        one.on = this;
        one.at = call::place::sent;
        terms_->stats->commands.add();
        terms_->stats->in_flight.add();
    }
    more_ = next != nullptr;
    if (slots_.empty()) return;
    const duration limit = weir::detail::sum(terms_->options->stall_timeout, slots_.front().patience);
    arm(weir::detail::later(progress_at_, limit));
}

void link::send(std::string_view bytes) {
    out_.append(bytes);
    appended_ += bytes.size();
    if (!writing_) write();
}

void link::write() {
    while (out_at_ < out_.size()) {
        error_code failed;
        const std::size_t count = socket_.send(asio::buffer(out_.data() + out_at_, out_.size() - out_at_), 0, failed);
        if (failed == asio::error::would_block) {
            writing_ = true;
            socket_.async_wait(
                socket_type::wait_write, [self = shared_from_this(), mine = attempt_](const error_code& broken) {
                    if (self->attempt_ != mine) return;
                    self->writing_ = false;
                    if (broken) return self->lose(lost(self->peer_, broken.message()));
                    self->guarded([&] { self->write(); });
                });
            return;
        }
        if (failed) return lose(lost(peer_, failed.message()));
        out_at_ += count;
        sent_ += count;
        terms_->stats->sent.add(count);
        terms_->stats->writes.add();
    }
    out_.clear();
    out_at_ = 0;
    if (out_.capacity() > kept_bytes) out_ = std::string();
    if (more_) flush_later();
}

void link::read() {
    if (in_.empty()) in_.resize(read_bytes);
    socket_.async_read_some(
        asio::buffer(in_), [self = shared_from_this(), mine = attempt_](const error_code& failed, std::size_t count) {
            if (self->attempt_ != mine) return;
            if (failed == asio::error::eof) return self->lose(lost(self->peer_, "the server closed it"));
            if (failed) return self->lose(lost(self->peer_, failed.message()));
            self->guarded([&] {
                self->received(count);
                if (self->attempt_ == mine) self->read();
            });
        });
}

void link::received(std::size_t count) {
    const std::uint64_t mine = attempt_;
    terms_->stats->received.add(count);
    now_ = progress_at_ = home_.clock().now();
    pinged_ = false;
    reader_->feed({in_.data(), count});
    while (const reply_tree* const tree = reader_->next()) {
        on_reply({*tree, 0});
        if (attempt_ != mine) return;
    }
    if (reader_->failure()) lose(error(reader_->failure()));
}

void link::on_reply(reply_view one) {
    useful_ |= up();
    if (how_ == use::listening && up()) return owner_->pushed(*this, one);
    if (slots_.empty()) { // such as "-ERR max number of clients reached"
        const bool refused = one.kind() == reply_kind::error;
        return lose(refused ? error_of(one.text()) : lost(peer_, "the server sent a reply that no command asked for"));
    }
    slot& next = slots_.front();
    call* const owner = next.owner;
    terms_->stats->replies.add();
    const bool failed = one.kind() == reply_kind::error;
    if (failed) terms_->stats->errors.add();
    const bool last = --next.replies == 0;
    if (last) {
        pending_bytes_ -= next.bytes;
        slots_.pop();
        terms_->stats->in_flight.sub();
    }
    if (!owner || !owner->wanted()) return;
    if (failed && last && owner != &greeting_ && owner_->takes_back(*owner, *this, one)) return;
    try {
        owner->accept(one);
    } catch (...) {
        owner->failure = current_error();
    }
    if (!last) return;
    if (terms_->options->latency && owner != &greeting_) terms_->options->latency->observe(now_ - owner->begun);
    end(*owner);
}

} // namespace weir::redis::detail
