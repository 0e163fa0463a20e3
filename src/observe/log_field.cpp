// SPDX-License-Identifier: MIT
#include "observe/utc.hpp"
#include <weir/core/rfc3339.hpp>
#include <weir/observe/log_field.hpp>

#include <charconv>
#include <cstdlib>

namespace weir::detail {

namespace {

void append_member(std::string& out, std::string_view key, std::string_view text) {
    append_json(out, key);
    out += ':';
    append_json(out, text);
}

void append_details(std::string& out, std::span<const error_detail> details) {
    out += ",\"details\":";
    char before = '[';
    for (const auto& one : details) {
        out += before;
        out += '{';
        append_member(out, "field", one.field);
        out += ',';
        append_member(out, "rule", one.rule);
        out += ',';
        append_member(out, "message", one.message);
        out += '}';
        before = ',';
    }
    out += ']';
}

} // namespace

void append_log_value(std::string& out, const error& failure) {
    if (!failure) return append_json(out, nullptr);
    out += '{';
    append_member(out, "code", failure.code());
    out += ',';
    append_member(out, "message", failure.message());
    if (!failure.details().empty()) append_details(out, failure.details());
    if (const error cause = failure.cause()) {
        out += ",\"cause\":";
        append_log_value(out, cause);
    }
    out += '}';
}

void append_log_value(std::string& out, duration time) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    if (micros < 0) out += '-';
    const auto size = micros < 0 ? -static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, size / 1000).ptr;
    out.append(digits, end);
    const auto rest = static_cast<unsigned>(size % 1000);
    const char fraction[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                             static_cast<char>('0' + rest % 10)};
    out.append(fraction, sizeof fraction);
}

void append_log_value(std::string& out, wall_time at) {
    out += '"';
    append_rfc3339(out, at);
    out += '"';
}

void append_log_value(std::string& out, std::chrono::sys_days day) {
    out += '"';
    append_rfc3339_date(out, day);
    out += '"';
}

} // namespace weir::detail
