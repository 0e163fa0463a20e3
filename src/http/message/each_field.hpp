// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/field_syntax.hpp"
#include <weir/http/message.hpp>

#include <cstddef>
#include <string_view>

namespace weir::http::detail {

/// Calls `f` with the value of each field of that name, in order. The name is in lower case.
template<class F>
void each_field(const request& req, std::string_view name, F&& f) {
    for (std::size_t i = 0; i < req.header_count(); ++i)
        if (const auto field = req.header_at(i); equal_no_case(field.name, name)) f(field.value);
}

} // namespace weir::http::detail
