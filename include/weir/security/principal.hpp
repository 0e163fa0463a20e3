// SPDX-License-Identifier: MIT
#pragma once

#include <boost/describe/class.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// The authenticated caller and its permissions. Authentication attaches it to the request's context; handlers take it
/// as a parameter. A plain value.
struct principal {
    std::string subject{};
    std::vector<std::string> permissions{};

    bool can(std::string_view permission) const noexcept {
        for (const auto& one : permissions)
            if (one == permission) return true;
        return false;
    }

    bool operator==(const principal&) const = default;
};
BOOST_DESCRIBE_STRUCT(principal, (), (subject, permissions))

} // namespace weir
