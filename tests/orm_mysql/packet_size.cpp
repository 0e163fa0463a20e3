// SPDX-License-Identifier: MIT
#include "orm_mysql/packet_size.hpp"

#include <weir/orm/detail/value.hpp>

#include <doctest/doctest.h>

using namespace weir;

namespace {

bool fits(std::string_view written, const std::vector<orm::value>& values) {
    const auto in = orm::bound(values);
    return orm::fits_packet(
        "INSERT INTO t VALUES ()", in, std::string_view("INSERT INTO t VALUES ()").size() + written.size());
}

} // namespace

TEST_CASE("a statement fits if it does with its values written into it") {
    const std::string text(100, 'x');
    CHECK(fits("'" + text + "'", {text}));
    CHECK(!fits(text + "'", {text}));
    CHECK(fits(R"('a\'\"\\\n\r\Z')", {"a'\"\\\n\r\x1a"}));
    CHECK(!fits(R"('a\'\"\\\n\r\Z)", {"a'\"\\\n\r\x1a"}));
    CHECK(fits("-1234NULL1", {-1234, std::nullopt, true}));
    CHECK(!fits("-1234NULL", {-1234, std::nullopt, true}));
    CHECK(fits("'2026-11-23 08:30:00.000000Z'", {wall_time()}));
    CHECK(!fits("'2026-11-23'", {wall_time()}));
    CHECK(fits("", {}));
}
