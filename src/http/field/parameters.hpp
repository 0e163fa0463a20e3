// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace weir::http::detail {

struct parameter {
    std::string_view name{};
    std::string value{}; // unquoted
};

/// Iterates over `; name=value; name="value"` after a media type or a disposition (RFC 9110 section 5.6.6); a trailing
/// semicolon is allowed. Within quotes a backslash escapes only a quote and itself, since Windows file names contain
/// others.
class parameter_list {
public:
    explicit parameter_list(std::string_view text) noexcept : rest_(text) {}

    /// Returns false at the end and at an invalid parameter; malformed() tells them apart.
    bool next();

    const parameter& one() const noexcept { return one_; }

    bool malformed() const noexcept { return malformed_; }

private:
    bool take_value();
    bool take_quoted();
    bool fail() noexcept {
        malformed_ = true;
        return false;
    }

    std::string_view rest_;
    parameter one_;
    bool malformed_ = false;
};

} // namespace weir::http::detail
