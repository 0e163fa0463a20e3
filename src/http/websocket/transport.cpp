// SPDX-License-Identifier: MIT
#include "http/websocket/transport.hpp"

#include <boost/asio/post.hpp>

namespace weir::http::detail {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kept_input = 4096; // memory for input that an idle connection may keep

} // namespace

void websocket_transport::detach() noexcept {
    bytes_ = nullptr;
    const io_completion reader = std::move(reader_);
    const io_completion writer = std::move(writer_);
}

// The waiting operation didn't start in this call, so its completion needn't be posted.
void websocket_transport::input_came() {
    if (!reader_ || !fill()) return;
    error_code ec;
    const std::size_t size = take(room_, ec);
    std::exchange(reader_, {})(ec, size);
}

void websocket_transport::output_left() {
    if (writer_ && may_go_on()) std::exchange(writer_, {})({}, written_);
}

void websocket_transport::add_part(std::string_view part, bool last) {
    if (!bytes_) return;
    std::string& out = bytes_->raw_output();
    out.reserve(out.size() + part.size() + held_.size());
    out.append(part);
    midway_ = !last;
    if (!last || held_.empty()) return;
    out.append(held_);
    std::string().swap(held_);
}

void websocket_transport::push_output() {
    if (bytes_) bytes_->push_raw();
}

void websocket_transport::read(asio::mutable_buffer room, io_completion reader) {
    if (!bytes_) return post(std::move(reader), asio::error::operation_aborted, 0);
    if (fill()) {
        error_code ec;
        const std::size_t size = take(room, ec);
        return post(std::move(reader), ec, size);
    }
    room_ = room;
    reader_ = std::move(reader);
    events_.input_exhausted();
}

void websocket_transport::push(std::size_t size, io_completion writer) {
    push_output();
    if (!bytes_) return post(std::move(writer), asio::error::operation_aborted, 0);
    if (may_go_on()) return post(std::move(writer), {}, size);
    written_ = size;
    writer_ = std::move(writer);
}

// Whether there is input, or its end. Returns the memory of read input to the connection, which keeps it while idle.
bool websocket_transport::fill() {
    if (read_ < input_.size()) return true;
    read_ = 0;
    if (input_.capacity() > kept_input) std::string().swap(input_);
    if (!bytes_ || !bytes_->take_raw(input_)) {
        input_.clear();
        return false;
    }
    events_.took_input();
    return true;
}

std::size_t websocket_transport::take(asio::mutable_buffer room, error_code& ec) {
    if (read_ == input_.size()) {
        ec = asio::error::eof;
        return 0;
    }
    const std::size_t size = asio::buffer_copy(room, asio::buffer(input_) + read_);
    read_ += size;
    return size;
}

void websocket_transport::post(io_completion done, error_code ec, std::size_t size) {
    asio::post(executor_, [done = std::move(done), ec, size]() mutable { done(ec, size); });
}

} // namespace weir::http::detail
