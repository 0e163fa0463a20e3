// SPDX-License-Identifier: MIT
#include "support/allocations.hpp"

#include "reflect/order.hpp"
#include <weir/reflect/json.hpp>
#include <weir/reflect/validate.hpp>

#include <doctest/doctest.h>

namespace {

struct plain {
    std::int64_t id{};
    std::string name{};
    double price{};
    std::optional<std::string> note{};
    weir::wall_time at{};
};
BOOST_DESCRIBE_STRUCT(plain, (), (id, name, price, note, at))

} // namespace

using test_support::allocations;

TEST_CASE("reading allocates for the struct's own members only") {
    plain value;
    CHECK(allocations([&] {
              CHECK(weir::from_json(R"({"id":1,"name":"a\u00e9 b","price":1.25,"note":"short","x":[{"y":[]}],)"
                                    R"("at":"2026-01-01T00:00:00Z"})",
                                    value)
                        .has_value());
          }) == 0);
    std::vector<std::string> names;
    names.reserve(2);
    CHECK(allocations([&] { CHECK(weir::from_json(R"(["short"])", names).has_value()); }) == 0);
}

TEST_CASE("checking a valid value allocates nothing") {
    const shop::order order = shop::whole_order();
    CHECK(allocations([&] { CHECK(weir::validate(order).has_value()); }) == 0);
}

TEST_CASE("writing allocates only in the target") {
    const shop::order order = shop::whole_order();
    std::string out;
    out.reserve(1000);
    CHECK(allocations([&] { weir::to_json(order, out); }) == 0);
    CHECK(out.size() > 200);
}
