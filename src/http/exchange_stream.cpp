// SPDX-License-Identifier: MIT
#include "http/exchange_stream.hpp"

#include "http/session.hpp"
#include "http/trailers.hpp"

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

task<result<std::string_view>> exchange_stream::read() {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    for (;;) {
        if (!owner_) co_return errc::cancelled;
        const auto step = owner_->take_body(piece_);
        if (step == incoming_body::step::failed) co_return owner_->body_failure();
        if (step != incoming_body::step::more) co_return std::string_view(piece_);
        if (cancelled(state)) co_return errc::cancelled;
        co_await input_.wait();
    }
}

bool exchange_stream::take_raw(std::string& piece) { return owner_ && owner_->take_input(piece); }

void exchange_stream::begin(body_form form, std::optional<std::uint64_t> size) {
    form_ = form;
    left_ = size;
}

error exchange_stream::check(std::string_view piece) const {
    if (!owner_) return errc::cancelled;
    if (left_ && piece.size() > *left_)
        return error(errc::invalid_argument, "more was written than the response's announced size");
    return {};
}

void exchange_stream::encode(content_encoder encoder, std::optional<std::uint64_t> whole) {
    encoding_ = std::make_unique<encoding>(encoding{std::move(encoder)});
    left_ = whole;
}

void exchange_stream::frame(std::string_view piece) {
    if (encoding_)
        frame_encoded(piece);
    else
        frame_bytes(piece);
    if (left_) *left_ -= piece.size();
    unshared_ += piece.size();
}

void exchange_stream::frame_encoded(std::string_view piece) {
    encoding_->bytes.clear();
    encoding_->encoder.write(piece, encoding_->bytes);
    encoding_->encoder.flush(encoding_->bytes);
    frame_bytes(encoding_->bytes);
}

void exchange_stream::frame_bytes(std::string_view bytes) {
    if (bytes.empty()) return; // an empty chunk would be the last one
    if (form_ == body_form::chunked) {
        append_hex(bytes.size(), gathered_);
        gathered_.append("\r\n").append(bytes).append("\r\n");
    } else {
        gathered_.append(bytes);
    }
    sent_ += bytes.size();
}

task<result<void>> exchange_stream::write(std::string_view piece) {
    if (error refused = check(piece)) co_return refused;
    if (piece.empty()) co_return ok();
    frame(piece);
    co_return co_await send();
}

void exchange_stream::write_now(std::string_view piece) {
    if (!owner_ || owner_->writing()) return;
    frame(piece);
    owner_->push(gathered_);
}

void exchange_stream::push_raw() {
    if (!owner_) return gathered_.clear();
    if (owner_->writing()) return;
    sent_ += gathered_.size();
    owner_->push(gathered_);
    if (gathered_.capacity() > high_water) std::string().swap(gathered_);
}

void exchange_stream::abort() {
    if (owner_) owner_->exchange_broke();
}

task<result<void>> exchange_stream::send() {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (!owner_->writing()) owner_->push(gathered_);
    if (unshared_ >= fair_share) {
        unshared_ = 0;
        co_await asio::post(use_task);
        if (owner_ && cancelled(state)) co_return errc::cancelled;
    }
    for (;;) {
        if (!owner_) co_return errc::cancelled;
        if (!owner_->writing() || gathered_.size() < high_water) co_return ok();
        if (cancelled(state)) co_return errc::cancelled;
        unshared_ = 0;
        co_await output_.wait();
    }
}

void exchange_stream::input_came() {
    if (listener_) return listener_->input_came();
    input_.wake();
}

void exchange_stream::output_left() {
    if (listener_) {
        if (!gathered_.empty()) push_raw();
        return listener_->output_left();
    }
    if (!gathered_.empty()) owner_->push(gathered_);
    output_.wake();
}

void exchange_stream::stopping() {
    if (listener_) listener_->stopping();
}

void exchange_stream::orphan() {
    owner_ = nullptr;
    if (auto* const told = std::exchange(listener_, nullptr)) told->gone();
    input_.wake();
    output_.wake();
}

// The last chunk, and the trailers that may stand behind it.
void exchange_stream::frame_end() {
    gathered_.append("0\r\n");
    for (const header_view field : trailers_)
        if (fits_trailers(field.name)) gathered_.append(field.name).append(": ").append(field.value).append("\r\n");
    gathered_.append("\r\n");
}

bool exchange_stream::finish(bool whole) {
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
