// SPDX-License-Identifier: MIT
#include "http/server/request_reader.hpp"

#include <cstring>

namespace weir::http::detail {

void request_reader::replace_unread(std::span<char> rest) {
    const bool own = rest.data() >= unread_.data() && rest.data() <= unread_.data() + unread_.size();
    if (!own) return void(unread_.assign(rest.data(), rest.size()));
    if (rest.data() != unread_.data()) std::memmove(unread_.data(), rest.data(), rest.size());
    unread_.resize(rest.size());
}

void request_reader::take_unread(std::string& into) {
    into.clear();
    std::swap(into, unread_);
}

void request_reader::release_idle_memory() {
    constexpr std::size_t line_end = 2;
    constexpr std::size_t in_place = 15; // bytes that a string holds without an allocation
    if (unread_.size() <= line_end && unread_.capacity() > in_place) unread_.shrink_to_fit();
}

void request_reader::begin_chunks(std::size_t max_body) {
    chunked_ = std::make_unique<chunked_body>(chunked_body{chunked_decoder(chunk_limits{max_body})});
}

read_verdict request_reader::read_chunks(std::span<char>& input) {
    const std::size_t raw = head_size_ + chunked_->decoded;
    const chunk_verdict verdict = chunked_->decoder.feed(input.subspan(raw));
    chunked_->decoded += verdict.produced;
    chunked_->end = raw + verdict.consumed;
    if (verdict.status == chunk_status::done) return {read_status::complete};
    if (verdict.status == chunk_status::refused) return {read_status::refused, verdict.http_status, verdict.reason};
    input = input.first(head_size_ + chunked_->decoded);
    return {};
}

void request_reader::begin_streamed(const head_outline& head, std::size_t max_body, bool starts) {
    if (head.chunked)
        streamed_ = std::make_unique<incoming_body>(chunk_limits{max_body});
    else
        streamed_ = std::make_unique<incoming_body>(head.content_length);
    owes_continue_ = head.expect_continue && !starts;
}

bool request_reader::skip_streamed() {
    if (!streamed_) return true;
    const bool skipped = streamed_->skip(unread_);
    streamed_.reset();
    return skipped;
}

} // namespace weir::http::detail
