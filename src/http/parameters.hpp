// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace weir::http::detail {

struct parameter {
    std::string_view name{};
    std::string value{}; // unquoted
};

/// Walks over `; name=value; name="value"` behind a media type or a disposition (RFC 9110 section 5.6.6), where a
/// semicolon may have nothing behind it. Within
/// quotes a backslash escapes a quote and itself alone: file names of Windows come with others.
class parameter_list {
public:
    explicit parameter_list(std::string_view text) noexcept : rest_(text) {}

    /// False at the end, and at what is no parameter: then malformed().
    bool next();

    const parameter& one() const noexcept { return one_; }

    bool malformed() const noexcept { return malformed_; }

private:
    bool take_value();
    bool take_quoted();
    bool fail() noexcept { return malformed_ = true, false; }

    std::string_view rest_;
    parameter one_;
    bool malformed_ = false;
};

} // namespace weir::http::detail
