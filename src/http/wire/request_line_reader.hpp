// SPDX-License-Identifier: MIT
#pragma once

#include "http/message/request_head.hpp"
#include "http/wire/head_parser.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::http::detail {

/// Reads the request line of a head in any form, and holds the position and the verdict for the steps that read the
/// rest. A step returns false once the verdict is known.
class request_line_reader {
protected:
    request_line_reader(std::string_view bytes, const head_limits& limits, request_head& out) noexcept
        : base_(bytes.data()), at_(base_), end_(base_ + std::min<std::size_t>(bytes.size(), limits.head)),
          over_head_(bytes.size() >= limits.head), longest_line_(std::ptrdiff_t{limits.line} + 2), head_(out) {}

    std::string_view window() const noexcept { return {base_, static_cast<std::size_t>(end_ - base_)}; }

    bool any_request_line() noexcept;

    /// Consumes the LF after a CR.
    bool line_end() noexcept {
        if (at_ == stop_) return out_of_bytes();
        if (*at_ != '\n') return bad("a CR without an LF");
        ++at_;
        return true;
    }

    bool refuse(std::uint16_t status, const char* reason) noexcept {
        verdict_ = {head_status::refused, status, reason};
        return false;
    }

    bool bad(const char* reason) noexcept { return refuse(400, reason); }

    /// Called at the end of the bytes, or of the part that the limits allow.
    bool out_of_bytes() noexcept {
        if (over_line_) return refuse(414, "the request line is too long");
        if (over_head_) return refuse(431, "the request head is too large");
        return false;
    }

    std::uint32_t offset(const char* p) const noexcept { return static_cast<std::uint32_t>(p - base_); }

    std::string_view view(std::uint32_t at, std::uint32_t size) const noexcept { return {base_ + at, size}; }

    const char* const base_;
    const char* at_;
    const char* const end_;
    const char* stop_ = nullptr;  // where this line must end
    bool over_line_ = false;      // stop_ is the request line's limit
    bool over_head_;              // end_ is the head's limit
    std::ptrdiff_t longest_line_; // the request line's, with its CRLF
    request_head& head_;
    head_verdict verdict_;

private:
    bool skip_leading_line_end() noexcept;
    bool method_word() noexcept;
    bool target_text() noexcept;
    bool version() noexcept;
    bool odd_version() noexcept;
    bool target_form() noexcept;
    bool absolute_form(std::size_t scheme_size) noexcept;

    void start_request_line() noexcept {
        over_line_ = end_ - at_ >= longest_line_;
        stop_ = over_line_ ? at_ + longest_line_ : end_;
    }
};

} // namespace weir::http::detail
