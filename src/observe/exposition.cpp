// SPDX-License-Identifier: MIT
#include "observe/exposition.hpp"

#include <weir/core/utf8.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace weir::detail {

namespace {

constexpr std::array<std::string_view, 3> type_names{"counter", "gauge", "histogram"};

void append_escaped(std::string& out, std::string_view text, bool quotes) {
    while (!text.empty()) {
        const utf8_step step = next_utf8(text);
        const std::string_view part = text.substr(0, step.length);
        text.remove_prefix(step.length);
        if (!step.valid)
            out += "\xEF\xBF\xBD";
        else if (part == "\\")
            out += "\\\\";
        else if (part == "\n")
            out += "\\n";
        else if (part == "\"" && quotes)
            out += "\\\"";
        else
            out += part;
    }
}

template<class Number>
void append_digits(std::string& out, Number value) {
    char digits[32];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_value(std::string& out, std::uint64_t value) { append_digits(out, value); }

// Appends the shortest digits, with an exponent below 0.0001 and from a million on: the format of the Go and Python
// clients, so that a bucket's label doesn't depend on a service's language.
void append_shortest(std::string& out, double value) {
    const double size = std::fabs(value);
    const bool plain = size == 0 || (size >= 1e-4 && size < 1e6);
    char digits[32];
    const auto how = plain ? std::chars_format::fixed : std::chars_format::scientific;
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value, how).ptr);
}

void append_value(std::string& out, double value) {
    if (std::isnan(value))
        out += "NaN";
    else if (std::isinf(value))
        out += value > 0 ? "+Inf" : "-Inf";
    else
        append_shortest(out, value);
}

template<class Number>
void append_line(std::string& out, std::string_view metric, std::string_view suffix, std::string_view labels,
                 Number value) {
    out += metric;
    out += suffix;
    if (!labels.empty()) out.append("{").append(labels).append("}");
    out += ' ';
    append_value(out, value);
    out += '\n';
}

} // namespace

std::string_view name(metric_type type) noexcept { return type_names[static_cast<std::size_t>(type)]; }

void append_head(std::string& out, std::string_view metric, std::string_view help, metric_type type) {
    out.append("# HELP ").append(metric).append(" ");
    append_escaped(out, help, false);
    out.append("\n# TYPE ").append(metric).append(" ").append(name(type)).append("\n");
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
    if (!out.empty()) out += ',';
    out.append(name).append("=\"");
    append_escaped(out, value, true);
    out += '"';
}

void append_sample(std::string& out, std::string_view metric, std::string_view labels, std::uint64_t value) {
    append_line(out, metric, "", labels, value);
}

void append_sample(std::string& out, std::string_view metric, std::string_view labels, double value) {
    append_line(out, metric, "", labels, value);
}

void append_series(std::string& out, std::string_view metric, std::string_view labels, const counter& series) {
    append_sample(out, metric, labels, series.value());
}

void append_series(std::string& out, std::string_view metric, std::string_view labels, const gauge& series) {
    append_sample(out, metric, labels, series.value());
}

// The count is the sum of the buckets as read, so the lines are consistent even while the series changes.
void append_series(std::string& out, std::string_view metric, std::string_view labels, const histogram& series) {
    const auto bounds = series.bounds();
    std::uint64_t below = 0;
    std::string bucket_labels;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
        below += series.in_bucket(i);
        bucket_labels.assign(labels).append(labels.empty() ? "le=\"" : ",le=\"");
        append_value(bucket_labels, i < bounds.size() ? bounds[i] : HUGE_VAL);
        bucket_labels += '"';
        append_line(out, metric, "_bucket", bucket_labels, below);
    }
    append_line(out, metric, "_sum", labels, series.sum());
    append_line(out, metric, "_count", labels, below);
}

} // namespace weir::detail
