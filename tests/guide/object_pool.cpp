// SPDX-License-Identifier: MIT
#include <weir/core/object_pool.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace {

weir::object_pool<std::string> buffers([](std::string& s) { s.clear(); });

std::string receipt(std::int64_t id, std::int64_t cents) {
    auto text = buffers.take(); // returned and cleared at the end of the scope
    text->append("order ").append(std::to_string(id)).append(": ").append(std::to_string(cents));
    return *text;
}

} // namespace

TEST_CASE("a receipt is written into a reused buffer") {
    CHECK(receipt(1, 500) == "order 1: 500");
    CHECK(receipt(2, 700) == "order 2: 700");
    CHECK(buffers.stats().made == 1);
}
