// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/http/message.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir::http::detail {

/// The rule of `same_origin`. Immutable, thread-safe.
class origin_check {
public:
    /// Throws std::invalid_argument for a malformed origin.
    explicit origin_check(std::vector<std::string> origins);

    /// errc::permission_denied for a request that a page of another site may have caused.
    result<void> operator()(const request& req) const;

private:
    bool trusts(std::string_view origin) const noexcept;
    bool allows(const request& req) const;

    std::vector<std::string> origins_;
};

} // namespace weir::http::detail
