// SPDX-License-Identifier: MIT
#include "report/summary.hpp"

#include <algorithm>
#include <charconv>
#include <istream>
#include <map>
#include <ranges>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace weir::bench {

namespace {

/// The records of one server in one row.
struct evidence {
    std::vector<double> samples{};
    std::vector<counted_run> runs{};
    std::string reason{};
};

struct collected_row {
    row shape{};
    std::map<std::string, evidence> by_server{};
    std::string ratio_of{};    // of a ratio row: the metric to divide,
    std::string base_metric{}; // the metric to divide by,
    std::string base_server{}; // and its server; empty: the same server
};

std::vector<std::string> fields_of(const std::string& line) {
    std::vector<std::string> fields;
    std::size_t from = 0;
    for (auto tab = line.find('\t'); tab != std::string::npos; tab = line.find('\t', from)) {
        fields.push_back(line.substr(from, tab - from));
        from = tab + 1;
    }
    fields.push_back(line.substr(from));
    return fields;
}

double number(const std::string& text) {
    double value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) throw std::runtime_error("not a number: " + text);
    return value;
}

/// Collects the records of a run by row and server.
class collector {
public:
    void take(const std::vector<std::string>& fields) {
        const auto& kind = fields.front();
        const auto size = fields.size();
        if (kind == "title" && size == 2)
            result_.title = fields[1];
        else if (kind == "fact" && size == 2)
            result_.facts.push_back(fields[1]);
        else if (kind == "servers" && size > 1)
            result_.servers.assign(fields.begin() + 1, fields.end());
        else if (kind == "sample" && size == 6)
            of(fields).samples.push_back(number(fields[5]));
        else if (kind == "count" && size == 7)
            of(fields).runs.push_back({number(fields[5]), number(fields[6])});
        else if (kind == "missing" && size == 6)
            of(fields).reason = fields[5];
        else if (kind == "ratio" && size == 5)
            ratio_row(fields).base_server = fields[4];
        else if (kind == "growth" && size == 5)
            ratio_row(fields).base_metric = fields[4];
        else if (kind == "goal" && size == 6)
            add_goal(fields);
        else
            throw std::runtime_error("not a record");
    }

    summary finish() && {
        for (auto& collected : rows_) {
            for (const auto& server : result_.servers) collected.shape.figures.push_back(figure_of(collected, server));
            result_.rows.push_back(collected.shape); // a copy, because ratio rows look up their source by name
        }
        return std::move(result_);
    }

private:
    collected_row& row_of(const std::string& case_name, const std::string& metric, const std::string& unit) {
        if (auto* known = find(case_name, metric)) return *known;
        return rows_.emplace_back(collected_row{.shape = {.case_name = case_name, .metric = metric, .unit = unit}});
    }

    collected_row* find(std::string_view case_name, std::string_view metric) {
        const auto same = [&](const collected_row& r) {
            return r.shape.case_name == case_name && r.shape.metric == metric;
        };
        const auto found = std::ranges::find_if(rows_, same);
        return found == rows_.end() ? nullptr : &*found;
    }

    evidence& of(const std::vector<std::string>& fields) {
        if (std::ranges::find(result_.servers, fields[4]) == result_.servers.end())
            throw std::runtime_error("a server that wasn't declared: " + fields[4]);
        return row_of(fields[1], fields[2], fields[3]).by_server[fields[4]];
    }

    collected_row& ratio_row(const std::vector<std::string>& fields) {
        auto& added = row_of(fields[1], fields[2], "ratio");
        added.ratio_of = added.base_metric = fields[3];
        return added;
    }

    void add_goal(const std::vector<std::string>& fields) {
        auto& added = result_.goals.emplace_back(
            goal{.label = fields[1], .case_name = fields[2], .metric = fields[3], .must = number(fields[4])});
        if (fields[5] != "-") added.aim = number(fields[5]);
    }

    figure figure_of(collected_row& collected, const std::string& server) {
        if (!collected.ratio_of.empty()) return ratio_figure(collected, server);
        const auto& known = collected.by_server[server];
        if (!known.samples.empty()) return {.value = median(known.samples)};
        if (auto each = per_request(known.runs)) return {.value = each};
        if (!known.reason.empty()) return {.reason = known.reason};
        return {.reason = known.runs.empty() ? "not measured" : "the two runs can't be subtracted"};
    }

    figure ratio_figure(const collected_row& collected, const std::string& server) {
        const auto mine = of(collected, collected.ratio_of, server);
        const auto base = of(collected, collected.base_metric, base_server(collected, server));
        if (auto ratio = ratio_by_round(mine.samples, base.samples)) return {.value = ratio};
        if (!mine.reason.empty()) return {.reason = mine.reason};
        if (mine.samples.empty()) return {.reason = "not measured"};
        return {.reason = "no matching rounds of " + base_name(collected)};
    }

    static const std::string& base_server(const collected_row& collected, const std::string& server) {
        return collected.base_server.empty() ? server : collected.base_server;
    }

    static const std::string& base_name(const collected_row& collected) {
        return collected.base_server.empty() ? collected.base_metric : collected.base_server;
    }

    evidence of(const collected_row& ratio, const std::string& metric, const std::string& server) {
        auto* source = find(ratio.shape.case_name, metric);
        return source == nullptr ? evidence{} : source->by_server[server];
    }

    summary result_;
    std::vector<collected_row> rows_;
};

} // namespace

std::optional<double> median(std::vector<double> values) {
    if (values.empty()) return std::nullopt;
    std::ranges::sort(values);
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::optional<double> per_request(std::span<const counted_run> runs) {
    if (runs.size() != 2) return std::nullopt;
    const auto [shorter, longer] = std::minmax(runs[0], runs[1], [](const counted_run& a, const counted_run& b) {
        return a.requests < b.requests;
    });
    const auto requests = longer.requests - shorter.requests;
    const auto total = longer.total - shorter.total;
    // events driven by the clock rather than by requests may occur once less in the longer run
    if (requests == 0 || total < -requests / 1000) return std::nullopt;
    return std::max(total, 0.0) / requests;
}

std::optional<double> ratio_by_round(std::span<const double> values, std::span<const double> base) {
    if (values.size() != base.size()) return std::nullopt;
    std::vector<double> ratios;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (base[i] > 0) ratios.push_back(values[i] / base[i]);
    return median(std::move(ratios));
}

summary summarise(std::istream& records) {
    collector collected;
    std::size_t number = 0;
    for (std::string line; std::getline(records, line);) {
        ++number;
        try {
            if (!line.empty()) collected.take(fields_of(line));
        } catch (const std::runtime_error& failure) {
            throw std::runtime_error("record " + std::to_string(number) + ": " + failure.what() + ": " + line);
        }
    }
    return std::move(collected).finish();
}

} // namespace weir::bench
