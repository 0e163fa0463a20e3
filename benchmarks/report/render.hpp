// SPDX-License-Identifier: MIT
#pragma once

#include "report/summary.hpp"

#include <string>
#include <string_view>

namespace weir::bench {

/// The summary for people: title, facts, the goals and whether weir meets them, one table per case, and a
/// line for each figure that is missing. A server without any figure has no column.
std::string table(const summary& measured);

/// The rows as a JSON array, one per line:
///
///     {"bench":"http","case":"plaintext","metric":"instructions","unit":"1/request","weir":2500,
///      "peers":{"raw_epoll":600,"nginx":null},"reasons":{"nginx":"nginx isn't installed"}}
///
/// A missing figure is null and has its reason in `reasons`, which a row without one leaves out.
std::string json_rows(std::string_view bench, const summary& measured);

/// What is wrong with such an array, empty when nothing is.
std::string shape_error(std::string_view json);

} // namespace weir::bench
