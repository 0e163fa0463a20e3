// SPDX-License-Identifier: MIT
#pragma once

#include "report/summary.hpp"

#include <string>
#include <string_view>

namespace weir::bench {

/// The human-readable summary: title, facts, the goals and whether weir meets them, one table per case, and a line for
/// each missing figure. A server without any figure has no column.
std::string table(const summary& measured);

/// The rows as a JSON array, one per line:
///
///     {"bench":"http","case":"plaintext","metric":"instructions","unit":"1/request","weir":2500,
///      "peers":{"raw_epoll":600,"nginx":null},"reasons":{"nginx":"nginx isn't installed"}}
///
/// A missing figure is null with its reason in `reasons`, which is omitted if empty.
std::string json_rows(std::string_view bench, const summary& measured);

/// Describes what is wrong with such an array; empty if it is valid.
std::string shape_error(std::string_view json);

} // namespace weir::bench
