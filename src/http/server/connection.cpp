// SPDX-License-Identifier: MIT
#include "http/server/connection.hpp"

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <cerrno>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <utility>

namespace weir::http::detail {

namespace asio = boost::asio;

connection::connection(worker& home, tcp_socket socket, std::string remote)
    : home_(home), socket_(std::move(socket)), session_(home.host(), *this, std::move(remote)),
      last_input_(home.loop().now()) {}

void connection::arm() {
    if (reading_ || closed_) return;
    if (tls_ && queued_.size() > queued_bytes) return;
    if (finishing_ ? sending() : !session_.wants_input()) return;
    reading_ = true;
    if (parked_)
        wait_until_readable();
    else
        read();
}

void connection::read() {
    if (!buffer_) buffer_ = home_.take_buffer();
    socket_.async_read_some(asio::buffer(buffer_.get(), read_buffer_size),
                            pooled([self = self()](const boost::system::error_code& failed, std::size_t size) {
                                self->received(failed, size);
                            }));
}

void connection::wait_until_readable() {
    home_.return_buffer(std::move(buffer_));
    if (tls_ && queued_.empty()) std::string().swap(queued_);
    socket_.async_wait(tcp_socket::wait_read, pooled([self = self()](const boost::system::error_code&) {
                           self->reading_ = false;
                           self->parked_ = false;
                           self->arm(); // the read will report an error
                       }));
}

void connection::received(const boost::system::error_code& failed, std::size_t size) {
    reading_ = false;
    if (closed_) return;
    if (failed == asio::error::operation_aborted) return arm(); // parked in the meantime
    if (failed && failed != asio::error::eof) return abort();
    last_input_ = home_.loop().refresh();
    if (finishing_) {
        if (failed) return abort();
        return discard(size);
    }
    if (failed)
        end_of_input();
    else if (tls_)
        decrypt({buffer_.get(), size});
    else
        session_.receive({buffer_.get(), size});
    if (!closed_) home_.arm_later(self());
}

void connection::discard(std::size_t size) {
    discarded_ += static_cast<std::uint32_t>(size);
    if (discarded_ > linger_bytes) return abort();
    linger_until_ = std::min(home_.loop().now() + linger_quiet, linger_end_);
    arm();
}

void connection::tick(time_point now) {
    if (finishing_ && now >= linger_until_) return abort();
    if (tls_ && !tls_->reported && now >= tls_->ready_by) return handshake_failed("timed out");
    if (home_.host().draining && session_.awaits_request() && !session_.writing() && has_unread()) return;
    session_.tick(now);
    const bool quiet = reading_ && !parked_ && now - last_input_ >= std::chrono::seconds(1);
    if (closed_ || !quiet || sending()) return; // cancelling the read would cancel the write too
    parked_ = true;
    boost::system::error_code ignored; // on failure the read just continues
    socket_.cancel(ignored);
}

// A stop gives idle connections little time. If the loop is late, data that arrived in time must still be read.
bool connection::has_unread() const noexcept {
    boost::system::error_code failed;
    return socket_.available(failed) != 0 && !failed;
}

bool connection::write(std::string_view output) { return write(output, 0); }

bool connection::write(std::string_view output, int flags) {
    if (closed_) return true;
    if (tls_) return write_secure(output);
    if (!sending()) return put(output, flags);
    queued_ += output;
    return false;
}

bool connection::put(std::string_view output, int flags) {
    boost::system::error_code failed;
    const std::size_t sent = socket_.send(asio::buffer(output), flags, failed);
    if (!failed && sent == output.size()) return true;
    if (failed && failed != asio::error::would_block) {
        abort();
        return true;
    }
    unsent_.assign(output.substr(sent));
    write_rest();
    return false;
}

void connection::write_rest() {
    const std::size_t most = std::min<std::size_t>(unsent_.size() - unsent_from_, fair_share);
    socket_.async_write_some(
        asio::buffer(unsent_.data() + unsent_from_, most),
        [self = self()](const boost::system::error_code& failed, std::size_t size) {
            if (self->closed_) return;
            if (failed) return self->abort();
            self->wrote(size);
        });
}

void connection::wrote(std::size_t size) {
    unsent_from_ += size;
    if (unsent_from_ != unsent_.size()) return write_rest();
    unsent_ = std::exchange(queued_, {});
    unsent_from_ = 0;
    if (!unsent_.empty()) return write_rest();
    if (send_some() && !closed_) left();
}

// Includes the kernel's send buffer, which accepts a lot at once, long before a slow peer has received it.
std::uint64_t connection::untaken() {
    int in_kernel = 0;
    if (::ioctl(socket_.native_handle(), SIOCOUTQ, &in_kernel) != 0) in_kernel = 0;
    return unsent_.size() - unsent_from_ + queued_.size() + file_.size + static_cast<std::uint64_t>(in_kernel);
}

// The kernel holds the head back until the file's first bytes, so that both can leave in one packet.
bool connection::send_file(std::string_view head, const file_range& part) {
    if (!head.empty()) write(head, part.size != 0 ? MSG_MORE : 0);
    file_ = part;
    return closed_ || (unsent_.empty() && send_some());
}

// Sends as much of the file as the kernel accepts or its share of the loop allows; true if nothing is left to wait for.
bool connection::send_some() {
    if (to_send_) return false;
    if (tls_ && file_.size != 0) return encrypt_some();
    for (std::uint64_t share = fair_share; file_.size != 0;) {
        if (share == 0) {
            wait_for_room();
            return false;
        }
        auto offset = static_cast<off_t>(file_.offset);
        const auto most = static_cast<std::size_t>(std::min(file_.size, share));
        const ssize_t sent = ::sendfile(socket_.native_handle(), file_.file->descriptor(), &offset, most);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) {
            wait_for_room();
            return false;
        }
        if (sent <= 0) {
            abort(); // the peer is gone, or the file has become shorter
            return true;
        }
        file_.offset += static_cast<std::uint64_t>(sent);
        file_.size -= static_cast<std::uint64_t>(sent);
        share -= static_cast<std::uint64_t>(sent);
    }
    file_.file.reset();
    return true;
}

void connection::wait_for_room() {
    to_send_ = true;
    socket_.async_wait(tcp_socket::wait_write, [self = self()](const boost::system::error_code& failed) {
        self->to_send_ = false;
        if (self->closed_) return;
        if (failed) return self->abort();
        if (!self->unsent_.empty()) return; // write_rest continues first
        if (self->send_some() && !self->closed_) self->left();
    });
}

// Called when all output has gone to the kernel.
void connection::left() {
    home_.loop().refresh();
    if (finishing_) return half_close();
    session_.written();
    arm();
}

void connection::finish(bool idle) {
    if (idle && tls_) send_close_notify();
    if (idle) return abort();
    finishing_ = true;
    if (!sending()) return half_close();
    if (!session_.writing()) // TLS's own records
        linger_until_ = weir::detail::later(home_.loop().now(), home_.host().limits.write_time);
}

void connection::half_close() {
    const time_point now = home_.loop().now();
    linger_until_ = now + linger_quiet;
    linger_end_ = now + (home_.host().draining ? linger_quiet : linger_time);
    if (tls_ && !send_close_notify()) {
        linger_until_ = weir::detail::later(linger_until_, home_.host().limits.write_time);
        return;
    }
    boost::system::error_code failed;
    socket_.shutdown(tcp_socket::shutdown_send, failed);
    if (failed) return abort();
    home_.arm_later(self());
}

void connection::abort() {
    if (closed_) return;
    if (session_.sends_file()) session_.lost(untaken());
    close();
    home_.retire(*this);
}

void connection::close() noexcept {
    closed_ = true;
    boost::system::error_code ignored; // the descriptor is gone either way
    socket_.close(ignored);
}

void connection::resume_input() {
    if (!closed_) home_.arm_later(self());
}

} // namespace weir::http::detail
