// SPDX-License-Identifier: MIT
#include "observe/utc.hpp"
#include <weir/core/rfc3339.hpp>
#include <weir/observe/log_field.hpp>

#include <array>

namespace weir::detail {

namespace {

void append_member(json_sink& out, std::string_view key, std::string_view text) {
    out.key(key);
    out.text(text);
}

void append_details(json_sink& out, std::span<const error_detail> details) {
    out.key("details");
    std::string_view before = "[{\"field\":";
    for (const auto& one : details) {
        out.raw(before);
        out.text(one.field);
        append_member(out, "rule", one.rule);
        append_member(out, "message", one.message);
        before = "},{\"field\":";
    }
    out.raw("}]");
}

} // namespace

void append_log_value(json_sink& out, const error& failure) {
    if (!failure) return out.raw("null");
    out.raw("{\"code\":");
    out.text(failure.code());
    append_member(out, "message", failure.message());
    if (!failure.details().empty()) append_details(out, failure.details());
    if (const error cause = failure.cause()) {
        out.key("cause");
        append_log_value(out, cause);
    }
    out.raw("}");
}

void append_log_value(json_sink& out, duration time) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    const auto size = micros < 0 ? -static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
    const auto rest = static_cast<unsigned>(size % 1000);
    const std::array<char, 4> fraction{'.', static_cast<char>('0' + rest / 100),
                                       static_cast<char>('0' + rest / 10 % 10), static_cast<char>('0' + rest % 10)};
    out.need(1 + json_sink::number_size + fraction.size());
    if (micros < 0) out.put('-');
    out.put_number(size / 1000);
    out.put(fraction, fraction.size());
}

void append_log_value(json_sink& out, wall_time at) {
    out.append([at](std::string& text) {
        text += '"';
        append_rfc3339(text, at);
        text += '"';
    });
}

void append_log_value(json_sink& out, std::chrono::sys_days day) {
    out.append([day](std::string& text) {
        text += '"';
        append_rfc3339_date(text, day);
        text += '"';
    });
}

} // namespace weir::detail
