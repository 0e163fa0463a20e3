// SPDX-License-Identifier: MIT
#include "app/config_suggest.hpp"

#include <doctest/doctest.h>

#include <vector>

using weir::config::nearest;

namespace {

const std::vector<std::string> names{"port", "db.pool_size", "db.path", "log_level"};

} // namespace

TEST_CASE("a mistyped name finds its neighbour") {
    CHECK(nearest("prot", names) == "port");
    CHECK(nearest("por", names) == "port");
    CHECK(nearest("portt", names) == "port");
    CHECK(nearest("db.pool_sise", names) == "db.pool_size");
    CHECK(nearest("db.poolsize", names) == "db.pool_size");
    CHECK(nearest("db.pathh", names) == "db.path");
}

TEST_CASE("case and dashes cost nothing") {
    CHECK(nearest("DB.Pool-Size", names) == "db.pool_size");
    CHECK(nearest("logLevel", names) == "log_level");
}

TEST_CASE("a name far from all others has no suggestion") {
    CHECK(nearest("colour", names).empty());
    CHECK(nearest("", names).empty());
    CHECK(nearest("p", names).empty());
    CHECK(nearest("port", {}).empty());
    CHECK(nearest(std::string(100'000, 'p'), names).empty());
}
