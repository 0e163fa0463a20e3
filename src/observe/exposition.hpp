// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/metrics.hpp>

#include <string>
#include <string_view>

/// Prometheus' text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
namespace weir::detail {

enum class metric_type : std::uint8_t { counter, gauge, histogram };

std::string_view name(metric_type type) noexcept;

void append_head(std::string& out, std::string_view metric, std::string_view help, metric_type type);

/// Appends `name="value"`, escaped, preceded by a comma unless it is the first; ill-formed UTF-8 becomes U+FFFD.
void append_label(std::string& out, std::string_view name, std::string_view value);

/// Appends one line; `labels` was made by `append_label`.
void append_sample(std::string& out, std::string_view metric, std::string_view labels, std::uint64_t value);
void append_sample(std::string& out, std::string_view metric, std::string_view labels, double value);

void append_series(std::string& out, std::string_view metric, std::string_view labels, const counter& series);
void append_series(std::string& out, std::string_view metric, std::string_view labels, const gauge& series);
void append_series(std::string& out, std::string_view metric, std::string_view labels, const histogram& series);

} // namespace weir::detail
