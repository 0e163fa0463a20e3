// SPDX-License-Identifier: MIT
#include "report/render.hpp"

#include <weir/core/json_writer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace weir::bench {

namespace {

/// 12345.6 as 12,346.
std::string grouped(double value) {
    const auto digits = fmt::format("{:.0f}", std::abs(value));
    std::string out(value < 0 ? "-" : "");
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
        out += digits[i];
    }
    return out;
}

std::string readable(const figure& shown) {
    if (!shown.value) return "-";
    const auto size = std::abs(*shown.value);
    if (size >= 1000) return grouped(*shown.value);
    return fmt::format("{:.{}f}", *shown.value, size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

/// Lines of cells, the first two columns to the left and the others to the right.
std::string aligned(const std::vector<std::vector<std::string>>& lines) {
    std::vector<std::size_t> widths;
    for (const auto& line : lines) {
        widths.resize(std::max(widths.size(), line.size()));
        for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
    }
    std::string out;
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i)
            out += i < 2 ? fmt::format("  {:<{}}", line[i], widths[i]) : fmt::format("  {:>{}}", line[i], widths[i]);
        out += '\n';
    }
    return out;
}

std::string case_table(const summary& measured, const std::string& case_name) {
    std::vector<std::vector<std::string>> lines{{case_name, "unit"}};
    lines.front().insert(lines.front().end(), measured.servers.begin(), measured.servers.end());
    for (const auto& shown : measured.rows) {
        if (shown.case_name != case_name) continue;
        auto& line = lines.emplace_back(std::vector{shown.metric, shown.unit});
        for (const auto& each : shown.figures) line.push_back(readable(each));
    }
    return aligned(lines);
}

struct absence {
    std::string who_and_why{};
    std::string what{};
    std::size_t rows = 0;
};

std::vector<absence> absences(const summary& measured) {
    std::vector<absence> found;
    for (const auto& shown : measured.rows) {
        for (std::size_t i = 0; i < shown.figures.size(); ++i) {
            if (shown.figures[i].value) continue;
            auto who_and_why = measured.servers[i] + ": " + shown.figures[i].reason;
            auto known = std::ranges::find(found, who_and_why, &absence::who_and_why);
            if (known == found.end()) known = found.insert(found.end(), {.who_and_why = std::move(who_and_why)});
            known->what.append(known->rows++ > 0 ? ", " : "").append(shown.case_name + " " + shown.metric);
        }
    }
    return found;
}

/// One line per server and reason, with what it concerns.
std::string missing_figures(const summary& measured) {
    std::string out;
    for (const auto& each : absences(measured)) {
        const auto all = each.rows == measured.rows.size();
        out += fmt::format("  -  {} ({})\n", each.who_and_why, all ? "every figure" : each.what);
    }
    return out;
}

void write_figure(json_writer& out, const std::string& server, const figure& shown) {
    if (!shown.value)
        out.member(server, nullptr);
    else
        out.member(server, std::round(*shown.value * 1e4) / 1e4);
}

void write_reasons(json_writer& out, const summary& measured, const row& shown) {
    if (std::ranges::all_of(shown.figures, [](const figure& each) { return each.value.has_value(); })) return;
    out.key("reasons").begin_object();
    for (std::size_t i = 0; i < shown.figures.size(); ++i)
        if (!shown.figures[i].value) out.member(measured.servers[i], shown.figures[i].reason);
    out.end_object();
}

void write_row(std::string& json, std::string_view bench, const summary& measured, const row& shown) {
    json_writer out(json);
    out.begin_object().member("bench", bench).member("case", shown.case_name);
    out.member("metric", shown.metric).member("unit", shown.unit);
    write_figure(out, measured.servers.front(), shown.figures.front());
    out.key("peers").begin_object();
    for (std::size_t i = 1; i < shown.figures.size(); ++i) write_figure(out, measured.servers[i], shown.figures[i]);
    out.end_object();
    write_reasons(out, measured, shown);
    out.end_object();
}

} // namespace

std::string table(const summary& measured) {
    auto out = measured.title + "\n";
    for (const auto& fact : measured.facts) out.append("  ").append(fact).append("\n");
    std::vector<std::string> cases;
    for (const auto& shown : measured.rows)
        if (std::ranges::find(cases, shown.case_name) == cases.end()) cases.push_back(shown.case_name);
    for (const auto& each : cases) out.append("\n").append(case_table(measured, each));
    if (const auto missing = missing_figures(measured); !missing.empty()) out += "\nNot measured\n" + missing;
    return out;
}

std::string json_rows(std::string_view bench, const summary& measured) {
    std::string out = "[";
    for (const auto& shown : measured.rows) {
        out += out.size() > 1 ? ",\n " : "\n ";
        write_row(out, bench, measured, shown);
    }
    return out + "\n]\n";
}

} // namespace weir::bench
