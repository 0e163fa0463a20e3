// SPDX-License-Identifier: MIT
#include "http/routing/static_route_table.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using weir::http::detail::static_route_table;

namespace {

/// Paths of all sizes up to 40 that differ in a single byte, at any position.
std::string path_of(unsigned number) {
    std::string path(1 + number % 40, 'a');
    path[0] = '/';
    if (path.size() > 1) path[1 + number / 40 % (path.size() - 1)] = static_cast<char>('b' + number / 1600 % 20);
    return path;
}

/// Copies the path to a heap block of its exact size, so that ASan detects reads past its end.
std::uint32_t find(const static_route_table& table, const std::string& path) {
    const std::unique_ptr<char[]> block(new char[path.size()]);
    path.copy(block.get(), path.size());
    return table.find({block.get(), path.size()});
}

} // namespace

TEST_CASE("a table without paths finds none") {
    const static_route_table table;
    CHECK(find(table, "/") == 0);
    CHECK(find(table, "") == 0);
}

TEST_CASE("each of thousands of paths is found by all of its bytes, and nothing else is") {
    static_route_table table;
    std::vector<std::string> paths;
    for (unsigned number = 0; number < 6400; ++number) {
        const std::string path = path_of(number);
        if (find(table, path) != 0) continue; // generated before
        paths.push_back(path);
        table.insert(path, static_cast<std::uint32_t>(paths.size()));
    }
    CHECK(paths.size() > 2000);
    unsigned wrong = 0;
    for (std::size_t at = 0; at < paths.size(); ++at) {
        if (find(table, paths[at]) != at + 1) ++wrong;
        if (find(table, paths[at] + "z") != 0 || find(table, "z" + paths[at]) != 0) ++wrong;
    }
    CHECK(wrong == 0);
}
