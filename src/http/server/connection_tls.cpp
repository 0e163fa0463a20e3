// SPDX-License-Identifier: MIT
// The TLS part of a connection. All encrypted output passes through queued_, so that records leave in order.
#include "http/server/connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace weir::http::detail {

namespace {

constexpr std::size_t file_piece = 64 * 1024;

// Written directly to the output, bypassing the session: there is no request.
constexpr std::string_view wants_tls_status = "HTTP/1.1 400 Bad Request\r\n";
constexpr std::string_view wants_tls =
    "content-type: application/json\r\ncontent-length: 80\r\nconnection: close\r\n\r\n"
    R"({"code":"invalid_argument","message":"this port speaks HTTPS only","details":[]})";

} // namespace

void connection::secure(const tls_context& certificate) {
    tls_ = std::make_unique<secure_layer>(
        certificate.native(), weir::detail::later(last_input_, home_.host().limits.head_time));
}

void connection::decrypt(std::span<const char> bytes) {
    std::array<char, tls_engine::record> plain;
    tls_->engine.feed(bytes);
    std::size_t size = 0;
    tls_engine::step came{};
    do {
        came = tls_->engine.read(plain, size, queued_);
        if (!queued_.empty()) put_queued();
        if (!tls_->reported && tls_->engine.ready()) {
            tls_->reported = true;
            session_.secure(std::make_shared<const tls_info>(tls_->engine.info()));
        }
        if (came == tls_engine::step::piece && !closed_) session_.receive({plain.data(), size});
    } while (came == tls_engine::step::piece && !closed_ && !finishing_);
    tls_->engine.feed({}); // the memory is no longer valid
    if (closed_ || finishing_) return;
    if (came == tls_engine::step::end) end_of_input();
    if (came == tls_engine::step::failed) tls_broke();
}

// If the peer closes without close_notify, complete requests are still answered: a request defines its own end.
void connection::end_of_input() {
    if (tls_ && !tls_->reported) return handshake_failed("the peer closed the connection");
    session_.receive_end();
}

// An alert has already informed the peer, unless it doesn't speak TLS at all.
void connection::tls_broke() {
    if (tls_->reported) return abort();
    if (tls_->engine.peer_speaks_http()) {
        const auto& loop = home_.loop();
        const auto date = home_.host().date.at(loop.now(), loop.clock()).text();
        queued_.append(wants_tls_status).append(date).append(wants_tls);
        put_queued();
    }
    note_handshake("the peer's handshake is invalid or not acceptable");
    if (!closed_) finish(false);
}

void connection::note_handshake(std::string_view why) {
    home_.counters().events.note(server_event::handshake_failed, why, home_.loop().now());
}

void connection::handshake_failed(std::string_view why) {
    note_handshake(why);
    abort();
}

bool connection::write_secure(std::string_view output) {
    if (!tls_->engine.encrypt(output, queued_)) {
        abort();
        return true;
    }
    return put_queued();
}

bool connection::put_queued() {
    if (!unsent_.empty()) return false; // it follows once unsent_ is written
    const bool done = put(queued_);
    queued_.clear();
    return done;
}

// Encrypts a file in records: the next piece once the previous one has left. True if nothing is left to wait for.
bool connection::encrypt_some() {
    const std::unique_ptr<char[]> piece(new char[file_piece]);
    for (std::uint64_t share = fair_share; file_.size != 0 && !closed_;) {
        if (share < file_piece) {
            wait_for_room();
            return false;
        }
        const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(file_.size, file_piece));
        const ssize_t got = ::pread(file_.file->descriptor(), piece.get(), most, static_cast<off_t>(file_.offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            abort(); // the file has become shorter
            return true;
        }
        const auto size = static_cast<std::size_t>(got);
        if (!tls_->engine.encrypt({piece.get(), size}, queued_)) {
            abort();
            return true;
        }
        file_.offset += size;
        file_.size -= size;
        share -= size;
        if (!put_queued()) return false;
    }
    file_.file.reset();
    return true;
}

// Sends close_notify (RFC 8446 section 6.1); false if earlier output must leave first.
bool connection::send_close_notify() {
    tls_->engine.close(queued_);
    return queued_.empty() || put_queued();
}

} // namespace weir::http::detail
