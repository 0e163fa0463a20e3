// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir::bench {

/// One server's figure, or why there is none.
struct figure {
    std::optional<double> value{};
    std::string reason{};
};

/// One metric of one case, with a figure for each server of the summary, in its order.
struct row {
    std::string case_name{};
    std::string metric{};
    std::string unit{};
    std::vector<figure> figures{};
};

/// What a figure of weir has to be: no more than `must`, and better no more than `aim`.
struct goal {
    std::string label{};
    std::string case_name{};
    std::string metric{};
    double must = 0;
    std::optional<double> aim{};
};

/// What a benchmark measured. The first server is weir, the others are its peers.
struct summary {
    std::string title{};
    std::vector<std::string> facts{};
    std::vector<std::string> servers{};
    std::vector<goal> goals{};
    std::vector<row> rows{};
};

/// A total that was counted over a known number of requests, start and stop of the server included.
struct counted_run {
    double requests = 0;
    double total = 0;
};

/// The middle value, the mean of the middle two; nothing of nothing.
std::optional<double> median(std::vector<double> values);

/// The cost of one request from two runs of different length: whatever happens once per run cancels out.
/// Nothing when there aren't exactly two, or they don't differ, or the longer one counted less by more than
/// one in a thousand requests.
std::optional<double> per_request(std::span<const counted_run> runs);

/// The median of `values[i] / base[i]`: values of the same round, measured next to each other, are compared.
std::optional<double> ratio_by_round(std::span<const double> values, std::span<const double> base);

/// Reads the records that a benchmark's script wrote, one per line, fields separated by tabs:
///
///     title    TEXT
///     fact     TEXT
///     servers  NAME...
///     sample   CASE METRIC UNIT SERVER VALUE             the row holds the median
///     count    CASE METRIC UNIT SERVER REQUESTS TOTAL    two of these: the row holds per_request
///     missing  CASE METRIC UNIT SERVER REASON
///     ratio    CASE METRIC OF_METRIC BASE_SERVER         ratio_by_round of samples, to that server's
///     growth   CASE METRIC OF_METRIC BASE_METRIC         the same, to another metric of the same server
///     goal     LABEL CASE METRIC MUST AIM                an AIM of - is none
///
/// Every row has a figure for every server. Throws std::runtime_error that names a line it can't read.
summary summarise(std::istream& records);

} // namespace weir::bench
