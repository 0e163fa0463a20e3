// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::http::detail {

/// Why an encoded string was refused; each reason is answered with 400.
enum class percent_verdict : std::uint8_t { ok, bad_escape, encoded_nul, bad_utf8, dot_segment };

/// Returns a static string for the error body; empty for ok.
const char* reason(percent_verdict verdict) noexcept;

/// Checks a whole request path before anything uses it: escapes are complete, none is NUL, the decoded path is UTF-8,
/// and no segment is "." or "..", neither raw nor encoded nor between encoded slashes.
percent_verdict check_path(std::string_view raw_path) noexcept;

/// Appends one path segment, decoded. An encoded slash is data within the segment; '+' stays '+'. If refused, `out` is
/// unchanged.
percent_verdict decode_segment(std::string_view raw, std::string& out);

/// Decodes a segment that check_path has accepted into `out`; 0 if it doesn't fit.
std::size_t decode_segment(std::string_view raw, std::span<char> out) noexcept;

/// Appends one name or value of a query string, decoded; '+' is a space. If refused, `out` is unchanged.
percent_verdict decode_query(std::string_view raw, std::string& out);

struct query_pair {
    std::string_view key;
    std::string_view value; ///< empty when there was no '='
};

/// Iterates over the pairs of a query string in order; skips empty pieces between '&'. Pairs that need no decoding are
/// views into the query. Others are appended to `scratch`, which is reserved once, so that views stay valid until other
/// code changes it.
///
///     for (query_pairs pairs(query, scratch); pairs.next();) use(pairs.pair());
class query_pairs {
public:
    query_pairs(std::string_view query, std::string& scratch);

    /// Returns false at the end and at a piece that can't be decoded; then verdict() isn't ok.
    bool next();

    const query_pair& pair() const noexcept { return pair_; }

    percent_verdict verdict() const noexcept { return verdict_; }

private:
    std::string_view decoded(std::string_view raw);

    std::string_view rest_;
    std::string& scratch_;
    query_pair pair_;
    percent_verdict verdict_ = percent_verdict::ok;
};

/// Appends a byte as a percent-escape.
void append_escape(char byte, std::string& out);

/// Appends a string with all but RFC 3986's unreserved characters escaped: for one path segment, or one name or value
/// of a query.
void percent_encode(std::string_view text, std::string& out);

} // namespace weir::http::detail
