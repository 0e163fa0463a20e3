// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// Limits of one chunked body in bytes.
struct chunk_limits {
    std::uint64_t body = 1024 * 1024;
    /// For everything besides the data: extensions, trailers and leading zeros of sizes.
    std::uint32_t overhead = 16 * 1024;
};

enum class chunk_status : std::uint8_t { more, done, refused };

/// The result of feeding bytes; a refused body is answered with the status and ends the connection.
struct chunk_verdict {
    chunk_status status = chunk_status::more;
    std::uint16_t http_status = 0; ///< 400 or 413 when refused
    const char* reason = "";       ///< static text for the error body
    std::size_t consumed = 0;      ///< all, except what follows a complete body
    std::size_t produced = 0;      ///< bytes of the body, now at the front of the fed memory
};

/// Decodes a body in the chunked transfer coding (RFC 9112 section 7.1) incrementally and in place. Strict: every line
/// ends with CRLF, sizes are plain hexadecimal. Extensions are checked for syntax and dropped; trailers are stored
/// separately, so that none passes for a header field.
class chunked_decoder {
public:
    explicit chunked_decoder(chunk_limits limits = {}) noexcept : limits_(limits) {}

    /// Decodes the next bytes and moves the body's part to their front. Feed nothing after `done` or `refused`.
    chunk_verdict feed(std::span<char> data);

    /// Bytes of the body so far.
    std::uint64_t produced() const noexcept { return total_; }

    /// The trailers so far, each line ended by LF only.
    std::string_view trailer_lines() const noexcept { return trailers_; }

private:
    enum class state : std::uint8_t {
        size_start,
        size,
        extension_blank, // blanks that only a ';' may follow
        extension_start,
        extension_name,
        extension_name_blank,
        extension_value_start,
        extension_value,
        extension_quoted,
        extension_quoted_pair,
        extension_quoted_end,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_start,
        trailer_name,
        trailer_value,
        trailer_lf,
        last_lf,
        done,
    };

    void data_bytes(chunk_verdict& verdict, std::span<char> data) noexcept;
    const char* step(char c);
    const char* size_digit(char c) noexcept;
    const char* size_end(char c) noexcept;
    const char* extension(char c) noexcept;
    const char* extension_value(char c) noexcept;
    const char* trailer(char c);
    const char* end_trailer(char c);
    const char* extension_end(char c) noexcept;
    const char* size_line_end() noexcept;
    const char* expect(char c, char expected, state next) noexcept;
    const char* overhead() noexcept;
    const char* go(state next) noexcept;

    chunk_limits limits_;
    std::uint64_t total_ = 0;
    std::uint64_t left_ = 0; // of the current chunk, or its size while that is being read
    std::uint32_t overhead_ = 0;
    state state_ = state::size_start;
    std::string trailers_;
};

} // namespace weir::http::detail
