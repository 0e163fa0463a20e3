// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/client.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// Parses one response incrementally (RFC 9112), without I/O. Strict: anything that two parsers could frame differently
/// is refused. Interim responses (1xx) are skipped, folded fields unfolded.
class client_response_parser {
public:
    struct limits {
        std::size_t head = 0;
        std::size_t body = 0;
    };

    client_response_parser(bool to_head_request, limits most) : most_(most), to_head_(to_head_request) {}

    /// Returns errc::too_large over a limit, errc::unavailable if the bytes aren't a response.
    result<void> feed(std::string_view bytes);
    /// Handles the peer's close; an error unless the response is complete or delimited by the close.
    result<void> end_of_stream();

    bool started() const noexcept { return started_; }
    bool done() const noexcept { return at_ == state::done; }
    /// Whether the body is delimited by the end of the connection.
    bool reads_until_close() const noexcept { return at_ == state::until_close; }
    /// Whether another request may follow on the connection. Valid once done.
    bool keep_alive() const noexcept { return keep_alive_ && !surplus_; }

    /// Moves the body received so far out of the response; status and fields are set once it isn't empty.
    void take_body(std::string& into) {
        into.clear();
        into.swap(response_.body);
    }
    client_response& response() noexcept { return response_; }
    client_response take() { return std::move(response_); }

private:
    enum class state : std::uint8_t { head, length, until_close, chunk_size, chunk, chunk_end, trailer, done };

    result<std::size_t> step(std::string_view bytes);
    result<std::size_t> read_head(std::string_view bytes);
    result<std::size_t> read_sized(std::string_view bytes);
    result<std::size_t> read_until_close(std::string_view bytes);
    result<std::size_t> read_line(std::string_view bytes);
    result<void> parse_head();
    result<void> parse_status_line(std::string_view line);
    static result<header_view> parse_field(std::string_view line);
    result<void> take_header(std::string_view line);
    std::size_t unfolded_end(std::size_t begin);
    result<void> take_trailer(std::string_view line);
    result<void> keep_trailer();
    result<void> choose_framing();
    result<void> take_length(std::string_view text);
    result<void> take_line(std::string_view line);
    result<void> take_chunk_size(std::string_view line);
    result<void> append_body(std::string_view bytes);

    limits most_;
    bool to_head_;
    bool started_ = false;
    bool surplus_ = false;
    bool keep_alive_ = false;
    bool http_1_0_ = false;
    state at_ = state::head;
    std::size_t head_bytes_ = 0; // of all interim responses and trailers too
    std::uint64_t remaining_ = 0;
    std::size_t body_bytes_ = 0; // so far, including pieces taken out
    std::string text_;           // the head, later a line of the chunked coding
    std::string trailer_;        // the latest trailer line, which may be folded
    client_response response_;
};

} // namespace weir::http::detail
