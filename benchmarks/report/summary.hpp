// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir::bench {

/// One server's figure, or the reason why it is missing.
struct figure {
    std::optional<double> value{};
    std::string reason{};
};

/// One metric of one case, with a figure for each server of the summary, in order.
struct row {
    std::string case_name{};
    std::string metric{};
    std::string unit{};
    std::vector<figure> figures{};
};

/// A goal for weir: at most `must`, and ideally at most `aim`.
struct goal {
    std::string label{};
    std::string case_name{};
    std::string metric{};
    double must = 0;
    std::optional<double> aim{};
};

/// The results of a benchmark. The first server is weir, the others are its peers.
struct summary {
    std::string title{};
    std::vector<std::string> facts{};
    std::vector<std::string> servers{};
    std::vector<goal> goals{};
    std::vector<row> rows{};
};

/// A total counted over a known number of requests, including the server's start and stop.
struct counted_run {
    double requests = 0;
    double total = 0;
};

/// The middle value, or the mean of the middle two; nothing for an empty list.
std::optional<double> median(std::vector<double> values);

/// The cost per request from two runs of different length, so that fixed costs cancel out. Nothing unless there are
/// exactly two different ones, or if the longer one counted less by more than one in a thousand requests.
std::optional<double> per_request(std::span<const counted_run> runs);

/// The median of `values[i] / base[i]`, which compares values of the same round, measured in succession.
std::optional<double> ratio_by_round(std::span<const double> values, std::span<const double> base);

/// Reads the records of a benchmark's script, one per line, with fields separated by tabs:
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
