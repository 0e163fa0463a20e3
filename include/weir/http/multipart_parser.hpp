// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http {

/// Limits of a multipart form; 413 beyond them. The body's own limit bounds the whole.
struct multipart_limits {
    std::size_t parts = 100;            ///< fields and files together
    std::size_t head = 8 * 1024;        ///< bytes of one part's header fields
    std::size_t field = 64 * 1024;      ///< bytes of one field
    std::size_t file = std::size_t(-1); ///< bytes of one file
};

/// A part's header.
struct multipart_head {
    std::string name{};
    /// The last component of the client's file name, UTF-8, without any folder; empty if nothing is left of it. For
    /// display only, never as a path to write to. `filename*`, which isn't for forms (RFC 7578 section 4.2), is used
    /// without a `filename`.
    std::string filename{};
    bool is_file = false;                   ///< whether a file name was given, even an empty one
    std::string content_type{"text/plain"}; ///< as claimed; by default application/octet-stream for a file
};

enum class multipart_event : std::uint8_t {
    more,     ///< all input is used up; feed more
    part,     ///< a part begins: see head()
    data,     ///< some of the part's bytes: see data()
    part_end, ///< the part is complete
    end,      ///< the form is complete
};

/// Parses a multipart/form-data body (RFC 7578, RFC 2046 section 5.1) incrementally, without I/O, buffering at most one
/// part's header. Skips a preamble and an epilogue (section 5.1.1). Strict: each boundary alone on its line, no
/// padding, no folded lines, and a Content-Disposition in each part. Errors are 400 and 413, and final. Belongs to one
/// loop.
///
///     for (;;) switch (parser.next().value()) {
///         case multipart_event::more: parser.feed(...); break;      // or fail at the end of the input
class multipart_parser {
public:
    /// Creates a parser for a request's Content-Type: 415 if it isn't multipart/form-data, 400 without a valid
    /// boundary.
    static result<multipart_parser> for_type(std::string_view content_type, multipart_limits limits = {});

    /// Supplies the next bytes of the body, after next() has returned `more`. They must stay valid until it does again.
    void feed(std::string_view bytes);

    result<multipart_event> next();

    const multipart_head& head() const noexcept { return head_; }
    /// Valid until the next call of next().
    std::string_view data() const noexcept { return data_; }
    bool complete() const noexcept { return state_ == state::epilogue; }

private:
    enum class state : std::uint8_t { preamble, delimited, head, data, epilogue, failed };

    multipart_parser(std::string_view boundary, multipart_limits limits);

    std::string_view rest() const noexcept;
    void advance(std::size_t size) noexcept { at_ += size; }
    multipart_event want_more();
    result<multipart_event> read_preamble();
    result<multipart_event> read_delimited();
    result<multipart_event> read_head();
    result<multipart_event> read_data();
    result<multipart_event> read_epilogue();
    result<multipart_event> give(std::string_view bytes);
    error refuse(error why);

    multipart_limits limits_;
    std::string delimiter_; // CRLF, two dashes, the boundary
    state state_ = state::preamble;
    std::string carry_;    // bytes fed earlier and not used up
    std::string_view fed_; // or else the bytes fed last
    std::size_t at_ = 0;   // how much of either is used up
    std::size_t scanned_ = 0;
    std::size_t parts_ = 0;
    std::size_t part_size_ = 0;
    std::size_t epilogue_ = 0; // bytes of the line break after the last boundary
    multipart_head head_;
    std::string_view data_;
    error failed_;
};

} // namespace weir::http
