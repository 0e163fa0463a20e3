// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>
#include <weir/reflect/detail/json_type.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::http::detail {

/// Puts names and their texts, as query strings and forms have them, into a described struct. Unknown names are
/// ignored, a name that comes again is one more element of a list and a mistake anywhere else.
class parameter_binding {
public:
    /// Sets the defaults(...) of the schema. `what` is what a pair is called in errors: a query parameter, say.
    parameter_binding(const reflect::detail::json_type& type, void* into, std::string_view what);

    /// errc::invalid_argument for a text that isn't a value of the member's type, and for a second value.
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
