// SPDX-License-Identifier: MIT
// overload_chart FILE
// Draws the lines `NAME LOAD GOODPUT P99_MS` of a file as an SVG on stdout.
#include "overload/chart.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>

namespace {

using namespace weir::bench;

constexpr const char* colors[] = {"#0a7d4f", "#c23b22", "#3b5bc2"};

std::vector<overload_series> read_series(const char* path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error(std::string("can't read ") + path);
    std::vector<overload_series> all;
    overload_point point;
    for (std::string name; file >> name >> point.load >> point.goodput >> point.p99_ms;) {
        auto known = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
        if (known == all.end()) known = all.insert(all.end(), {name, colors[all.size() % std::size(colors)], {}});
        known->points.push_back(point);
    }
    if (!file.eof()) throw std::runtime_error(std::string("not a line of four fields in ") + path);
    return all;
}

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 2) throw std::invalid_argument("one file is wanted");
        std::fputs(overload_chart(read_series(argv[1])).c_str(), stdout);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "overload_chart: %s\n", failure.what());
        return 1;
    }
}
