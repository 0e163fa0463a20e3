// SPDX-License-Identifier: MIT
#include "report/render.hpp"

#include <weir/core/json_writer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace weir::bench {

namespace {

/// Formats 12345.6 as 12,346.
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

/// Formats lines of cells, with the first `left` columns left-aligned and the others right-aligned.
std::string aligned(const std::vector<std::vector<std::string>>& lines, std::size_t left) {
    std::vector<std::size_t> widths;
    for (const auto& line : lines) {
        widths.resize(std::max(widths.size(), line.size()));
        for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
    }
    std::string out;
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i)
            out += i < left ? fmt::format("  {:<{}}", line[i], widths[i]) : fmt::format("  {:>{}}", line[i], widths[i]);
        out += '\n';
    }
    return out;
}

/// The servers with at least one figure; the others only appear in the list of missing figures.
std::vector<std::size_t> shown_servers(const summary& measured) {
    std::vector<std::size_t> shown;
    for (std::size_t i = 0; i < measured.servers.size(); ++i)
        if (std::ranges::any_of(measured.rows, [i](const row& each) { return each.figures[i].value.has_value(); }))
            shown.push_back(i);
    return shown;
}

std::vector<std::string> heading(const summary& measured, std::vector<std::string> cells) {
    for (const auto server : shown_servers(measured)) cells.push_back(measured.servers[server]);
    return cells;
}

std::vector<std::string> line_of(const summary& measured, const row& shown, std::vector<std::string> cells) {
    for (const auto server : shown_servers(measured)) cells.push_back(readable(shown.figures[server]));
    return cells;
}

std::string case_table(const summary& measured, const std::string& case_name) {
    std::vector<std::vector<std::string>> lines{heading(measured, {case_name, "unit"})};
    for (const auto& shown : measured.rows)
        if (shown.case_name == case_name) lines.push_back(line_of(measured, shown, {shown.metric, shown.unit}));
    return aligned(lines, 2);
}

/// Compares as printed: 1.204 is within 1.2.
bool within(const figure& reached, double limit) { return std::round(*reached.value * 100) <= std::round(limit * 100); }

std::string verdict(const goal& wanted, const figure& reached) {
    if (!reached.value) return "not measured";
    if (!within(reached, wanted.must)) return "MISSED";
    return wanted.aim && within(reached, *wanted.aim) ? "met, aim too" : "met";
}

/// One line per goal whose case was measured, and the number of goals met.
std::string goals_table(const summary& measured) {
    std::vector<std::vector<std::string>> lines{heading(measured, {"figure", "verdict", "must", "aim"})};
    std::size_t met = 0;
    std::size_t missed = 0;
    for (const auto& wanted : measured.goals) {
        const auto found = std::ranges::find_if(measured.rows, [&](const row& each) {
            return each.case_name == wanted.case_name && each.metric == wanted.metric;
        });
        if (found == measured.rows.end()) continue;
        const auto said = verdict(wanted, found->figures.front());
        met += said.starts_with("met") ? 1 : 0;
        missed += said == "MISSED" ? 1 : 0;
        lines.push_back(
            line_of(measured, *found, {wanted.label, said, readable({wanted.must}), readable({wanted.aim})}));
    }
    if (lines.size() == 1) return {};
    return fmt::format("\n{}  musts: {} met, {} missed, {} not measured in this run\n", aligned(lines, 2), met, missed,
                       measured.goals.size() - met - missed);
}

/// Figures, of one or several servers, that are missing for the same reason.
struct absence {
    std::string who{};
    std::string why{};
    std::string what{};
};

/// Names a server's figures missing for that reason; a whole case is named once.
std::string missing_for(const summary& measured, std::size_t server, const std::string& why) {
    const auto is_missing = [&](const row& each) {
        return !each.figures[server].value && each.figures[server].reason == why;
    };
    if (std::ranges::all_of(measured.rows, is_missing)) return "every figure";
    std::string out;
    std::string whole;
    for (const auto& shown : measured.rows) {
        if (!is_missing(shown) || shown.case_name == whole) continue;
        const auto of_the_case = [&](const row& each) { return each.case_name != shown.case_name || is_missing(each); };
        const bool all = std::ranges::all_of(measured.rows, of_the_case);
        if (all) whole = shown.case_name;
        out += (out.empty() ? "" : ", ") + shown.case_name + (all ? "" : " " + shown.metric);
    }
    return out;
}

std::vector<absence> absences(const summary& measured) {
    std::vector<absence> found;
    for (const auto& shown : measured.rows) {
        for (std::size_t i = 0; i < shown.figures.size(); ++i) {
            if (shown.figures[i].value) continue;
            const auto& why = shown.figures[i].reason;
            const auto what = missing_for(measured, i, why);
            const auto known =
                std::ranges::find_if(found, [&](const absence& each) { return each.why == why && each.what == what; });
            if (known == found.end())
                found.push_back({.who = measured.servers[i], .why = why, .what = what});
            else if ((", " + known->who + ",").find(", " + measured.servers[i] + ",") == std::string::npos)
                known->who += ", " + measured.servers[i];
        }
    }
    return found;
}

std::string missing_figures(const summary& measured) {
    std::string out;
    for (const auto& each : absences(measured)) out += fmt::format("  -  {}: {} ({})\n", each.who, each.why, each.what);
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
    out += goals_table(measured);
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
