// SPDX-License-Identifier: MIT
#include "http/server/body_stream.hpp"

#include "http/message/trailers.hpp"
#include "http/server/session.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <array>
#include <charconv>
#include <utility>

namespace weir::http::detail {

namespace asio = boost::asio;

namespace {

void append_hex(std::size_t number, std::string& out) {
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
    out.append(digits.data(), end);
}

} // namespace

task<result<std::string_view>> body_stream::read() {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    for (;;) {
        if (!owner_) co_return errc::cancelled;
        const auto step = owner_->take_body(piece_);
        if (step == incoming_body::step::failed) co_return owner_->body_failure();
        if (step != incoming_body::step::more) co_return std::string_view(piece_);
        if (weir::detail::cancelled(state)) co_return errc::cancelled;
        co_await input_.wait();
    }
}

bool body_stream::take_raw(std::string& piece) { return owner_ && owner_->take_input(piece); }

void body_stream::begin(body_form form, std::optional<std::uint64_t> size) {
    form_ = form;
    left_ = size;
}

error body_stream::check(std::string_view piece) const {
    if (!owner_) return errc::cancelled;
    if (left_ && piece.size() > *left_)
        return error(errc::invalid_argument, "more was written than the response's announced size");
    return {};
}

void body_stream::encode(content_encoder encoder, std::optional<std::uint64_t> whole) {
    encoding_ = std::make_unique<encoding>(encoding{std::move(encoder)});
    left_ = whole;
}

void body_stream::frame(std::string_view piece) {
    if (encoding_)
        frame_encoded(piece);
    else
        frame_bytes(piece);
    if (left_) *left_ -= piece.size();
    since_yield_ += piece.size();
}

void body_stream::frame_encoded(std::string_view piece) {
    encoding_->bytes.clear();
    encoding_->encoder.write(piece, encoding_->bytes);
    encoding_->encoder.flush(encoding_->bytes);
    frame_bytes(encoding_->bytes);
}

void body_stream::frame_bytes(std::string_view bytes) {
    if (bytes.empty()) return; // an empty chunk would be the last one
    if (form_ == body_form::chunked) {
        append_hex(bytes.size(), gathered_);
        gathered_.append("\r\n").append(bytes).append("\r\n");
    } else {
        gathered_.append(bytes);
    }
    sent_ += bytes.size();
}

task<result<void>> body_stream::write(std::string_view piece) {
    if (error refused = check(piece)) co_return refused;
    if (piece.empty()) co_return ok();
    frame(piece);
    co_return co_await send();
}

void body_stream::write_now(std::string_view piece) {
    if (!owner_ || owner_->writing()) return;
    frame(piece);
    owner_->push(gathered_);
}

void body_stream::push_raw() {
    if (!owner_) return gathered_.clear();
    if (owner_->writing()) return;
    sent_ += gathered_.size();
    owner_->push(gathered_);
    if (gathered_.capacity() > high_water) std::string().swap(gathered_);
}

void body_stream::abort() {
    if (owner_) owner_->task_failed();
}

task<result<void>> body_stream::send() {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (!owner_->writing()) owner_->push(gathered_);
    if (since_yield_ >= fair_share) {
        since_yield_ = 0;
        co_await asio::post(use_task);
        if (owner_ && weir::detail::cancelled(state)) co_return errc::cancelled;
    }
    for (;;) {
        if (!owner_) co_return errc::cancelled;
        if (!owner_->writing() || gathered_.size() < high_water) co_return ok();
        if (weir::detail::cancelled(state)) co_return errc::cancelled;
        since_yield_ = 0;
        co_await output_.wait();
    }
}

void body_stream::input_came() {
    if (listener_) return listener_->input_came();
    input_.wake();
}

void body_stream::output_left() {
    if (listener_) {
        if (!gathered_.empty()) push_raw();
        return listener_->output_left();
    }
    if (!gathered_.empty()) owner_->push(gathered_);
    output_.wake();
}

void body_stream::stopping() {
    if (listener_) listener_->stopping();
}

void body_stream::orphan() {
    owner_ = nullptr;
    if (auto* const listener = std::exchange(listener_, nullptr)) listener->gone();
    input_.wake();
    output_.wake();
}

// Appends the last chunk and those trailers that are allowed there.
void body_stream::frame_end() {
    gathered_.append("0\r\n");
    for (const header_view field : trailers_)
        if (fits_trailers(field.name)) gathered_.append(field.name).append(": ").append(field.value).append("\r\n");
    gathered_.append("\r\n");
}

bool body_stream::finish(bool whole) {
    if (!owner_) return false;
    if (left_ && *left_ != 0) whole = false;
    if (whole && encoding_) {
        encoding_->bytes.clear();
        encoding_->encoder.finish(encoding_->bytes);
        frame_bytes(encoding_->bytes);
    }
    encoding_.reset();
    if (whole && form_ == body_form::chunked) frame_end();
    if (!gathered_.empty()) owner_->push(gathered_);
    return whole;
}

} // namespace weir::http::detail
