// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace weir::bench {

/// The results at one offered load, in percent of the capacity.
struct overload_point {
    double load = 0;
    double goodput = 0;
    double p99_ms = 0;
};

struct overload_series {
    std::string name{};
    std::string color{};
    std::vector<overload_point> points{};
};

/// An SVG of two panels over the offered load: goodput, and p99 on a logarithmic scale from 1 ms to 1 s.
std::string overload_chart(const std::vector<overload_series>& all);

} // namespace weir::bench
