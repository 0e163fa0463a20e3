// SPDX-License-Identifier: MIT
#pragma once

#include "http/server/memory_budget.hpp"
#include "http/wire/body_decoder.hpp"
#include "http/wire/head_parser.hpp"
#include "http/wire/incoming_body.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace weir::http::detail {

enum class read_status : std::uint8_t { complete, incomplete, refused };

/// The outcome of reading a head or a body; a refused request is answered with the status and ends the connection.
struct read_verdict {
    read_status status = read_status::incomplete;
    std::uint16_t http_status = 0; ///< when refused
    const char* reason = "";       ///< static text for the error body
};

/// A complete request's body, and the input behind it.
struct request_bytes {
    std::span<char> body;
    std::span<char> rest;
};

/// Reads the requests of one connection from its input (RFC 9112): heads, bodies that are buffered whole, and bodies
/// that a handler reads piece by piece. Keeps the input that a request still needs or that waits behind one. Knows
/// nothing of routes and deadlines and writes no answers; that is the session's part. Belongs to one loop.
class request_reader {
public:
    /// Requests up to this many bytes don't count in the budget, and their memory is kept.
    static constexpr std::size_t small_request = 16 * 1024;

    explicit request_reader(memory_budget* budget) noexcept : share_(budget) {}

    // The kept input.
    std::span<char> unread() noexcept { return {unread_.data(), unread_.size()}; }
    std::size_t unread_size() const noexcept { return unread_.size(); }
    bool has_unread() const noexcept { return !unread_.empty(); }
    void append(std::span<const char> bytes) { unread_.append(bytes.data(), bytes.size()); }
    /// Keeps `rest`, which may be a part of `unread()`, and drops the other bytes.
    void save_unread(std::span<char> rest) {
        if (!rest.empty()) return replace_unread(rest);
        if (unread_.capacity() > small_request) return std::string().swap(unread_);
        unread_.clear();
    }
    /// Moves the kept input out.
    void take_unread(std::string& into);
    void drop_unread() noexcept { unread_.clear(); }
    /// Frees the memory of a connection without a request, which keeps a line end at most.
    void release_idle_memory();

    // The server's budget for incomplete requests.
    /// Counts the kept input of a large request.
    void charge_unread() noexcept { share_.hold(unread_.capacity() > small_request ? unread_.capacity() : 0); }
    /// Whether this many more bytes would exceed the budget.
    bool exceeds_budget(std::uint64_t more) const noexcept { return share_.exceeds(more); }

    // Heads, which stand at the front of `input`.
    read_verdict read_head(std::span<char> input, const head_limits& limits, request_head& out);
    /// Parses the current request's head once more, as another connection may have used `out` since; does nothing
    /// unless the head was complete in an earlier call.
    void restore_head(std::span<char> input, const head_limits& limits, request_head& out) const {
        if (has_head()) parse_head(text(input), limits, out);
    }
    /// Whether a request's head is complete and its buffered body isn't.
    bool has_head() const noexcept { return head_size_ != 0; }

    // Buffered bodies, which follow the head in `input`.
    void begin_body(const head_outline& head, std::size_t max_body) {
        head_size_ = head.size;
        body_size_ = static_cast<std::size_t>(head.content_length);
        if (head.chunked) begin_chunks(max_body);
    }
    /// Treats the current request as one without a body.
    void ignore_body() noexcept {
        body_size_ = 0;
        chunked_.reset();
    }
    /// Decodes a chunked body in place: the decoded bytes follow the head, the raw ones follow them. `input` is cut
    /// down to the head and the decoded bytes while the body is incomplete.
    read_verdict read_body(std::span<char>& input) {
        if (chunked_) return read_chunks(input);
        return {input.size() >= head_size_ + body_size_ ? read_status::complete : read_status::incomplete};
    }
    /// Takes a request whose body is complete out of `input`.
    request_bytes take_request(std::span<char> input) noexcept {
        const std::size_t head = std::exchange(head_size_, 0U);
        const std::size_t body = chunked_ ? chunked_->decoded : body_size_;
        return {input.subspan(head, body), input.subspan(chunked_ ? chunked_->end : head + body)};
    }
    /// The trailers of the chunked body that was taken last, as chunked_decoder::trailer_lines.
    std::string_view trailer_lines() const noexcept { return chunked_ ? chunked_->decoder.trailer_lines() : ""; }
    /// Forgets the current request and its trailers.
    void end_request() noexcept {
        head_size_ = 0;
        chunked_.reset();
    }

    // Streamed bodies, which a handler reads from the kept input.
    /// `starts` says that input follows the head, so that the peer isn't waiting for 100 Continue.
    void begin_streamed(const head_outline& head, std::size_t max_body, bool starts);
    /// The body, until it is dropped; null without one.
    incoming_body* streamed() noexcept { return streamed_.get(); }
    const incoming_body* streamed() const noexcept { return streamed_.get(); }
    incoming_body::step take_streamed(std::string& piece) { return streamed_->take(unread_, piece); }
    /// Skips the unread part of a streamed body and drops it; false when some of it has yet to arrive.
    bool skip_streamed();
    void drop_streamed() noexcept { streamed_.reset(); }
    /// Whether 100 Continue has to be sent now; true once at most.
    bool take_continue() noexcept { return std::exchange(owes_continue_, false); }

private:
    struct chunked_body {
        chunked_decoder decoder;
        std::size_t decoded = 0; // bytes behind the head
        std::size_t end = 0;     // where a complete body ends in the input
    };

    static std::string_view text(std::span<char> bytes) noexcept { return {bytes.data(), bytes.size()}; }

    void replace_unread(std::span<char> rest);
    void begin_chunks(std::size_t max_body);
    read_verdict read_chunks(std::span<char>& input);

    std::string unread_;
    memory_budget::share share_; // for unread_
    std::unique_ptr<chunked_body> chunked_;
    std::unique_ptr<incoming_body> streamed_;
    std::uint32_t scanned_ = 0;   // bytes of an incomplete head that were parsed
    std::uint32_t head_size_ = 0; // once the head is complete
    std::size_t body_size_ = 0;   // as announced
    bool owes_continue_ = false;  // 100 is sent when the handler begins to read
};

inline read_verdict request_reader::read_head(std::span<char> input, const head_limits& limits, request_head& out) {
    if (scanned_ != 0 && !may_complete(text(input), scanned_)) return {};
    const head_verdict verdict = parse_head(text(input), limits, out);
    if (verdict.status == head_status::complete) {
        scanned_ = 0;
        return {read_status::complete};
    }
    if (verdict.status == head_status::refused) return {read_status::refused, verdict.http_status, verdict.reason};
    may_complete(text(input), scanned_);
    return {};
}

} // namespace weir::http::detail
