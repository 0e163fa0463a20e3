// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/reflect/detail/json_type.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::http::detail {

/// Stores the name-value pairs of a query string or a form in a described struct. Unknown names are ignored; a repeated
/// name adds an element to a list and is an error for any other member.
class parameter_binding {
public:
    /// Sets the defaults(...) of the schema. `what` names a pair in errors, such as "query parameter".
    parameter_binding(const reflect::detail::json_type& type, void* into, std::string_view what);

    /// Returns errc::invalid_argument for a string that isn't a value of the member's type, and for a second value.
    error take(std::string_view name, std::string_view text);

private:
    bool note(std::size_t index) noexcept;
    error take(const reflect::detail::json_member& member, bool first, std::string_view text);

    const reflect::detail::json_type& type_;
    void* into_;
    std::string_view what_;
    std::array<std::uint64_t, reflect::detail::json_member_words> seen_{};
};

} // namespace weir::http::detail
