// SPDX-License-Identifier: MIT
// bench_report --bench NAME --records FILE [--json FILE]    the table on stdout, the rows into the file
// bench_report --check FILE                                  exits with 1 if the rows aren't in that format
#include "report/render.hpp"
#include "support/arguments.hpp"

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace {

using namespace weir::bench;

std::ifstream opened(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("can't read " + path);
    return file;
}

void check(const std::string& path) {
    auto file = opened(path);
    const std::string json(std::istreambuf_iterator<char>(file), {});
    if (const auto wrong = shape_error(json); !wrong.empty()) throw std::runtime_error(path + ": " + wrong);
}

void report(const arguments& given) {
    auto records = opened(given.text("records"));
    const auto measured = summarise(records);
    if (given.has("json")) {
        std::ofstream file(given.text("json"));
        file << json_rows(given.text("bench"), measured) << std::flush;
        if (!file) throw std::runtime_error("can't write " + given.text("json"));
    }
    std::fputs(table(measured).c_str(), stdout);
}

} // namespace

int main(int argc, char** argv) {
    try {
        const arguments given({argv + 1, static_cast<std::size_t>(argc - 1)});
        given.has("check") ? check(given.text("check")) : report(given);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "bench_report: %s\n", failure.what());
        return 1;
    }
}
