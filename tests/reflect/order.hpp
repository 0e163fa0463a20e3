// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// Structs shared by the tests of JSON and validation.
namespace shop {

enum class status { open, paid, shipped };
BOOST_DESCRIBE_ENUM(status, open, paid, shipped)

struct item {
    std::int64_t product_id{};
    std::int32_t quantity{};
    std::optional<std::string> note{};

    bool operator==(const item&) const = default;
};
BOOST_DESCRIBE_STRUCT(item, (), (product_id, quantity, note))

struct customer {
    std::string name{};
    std::optional<std::string> email{};

    bool operator==(const customer&) const = default;
};
BOOST_DESCRIBE_STRUCT(customer, (), (name, email))

struct order {
    std::int64_t id{};
    status state{};
    double price{};
    bool gift{};
    customer buyer{};
    std::vector<item> items{};
    std::map<std::string, double> discounts{};
    std::optional<customer> recipient{};
    weir::wall_time created_at{};

    bool operator==(const order&) const = default;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, state, price, gift, buyer, items, discounts, recipient, created_at))

} // namespace shop

template<>
inline constexpr auto weir::schema<shop::item> =
    weir::object()
        .field(&shop::item::product_id, weir::min(1))
        .field(&shop::item::quantity, weir::range(1, 100))
        .field(&shop::item::note, weir::max_length(5));

template<>
inline constexpr auto weir::schema<shop::customer> =
    weir::object().field(&shop::customer::name, weir::not_empty).field(&shop::customer::email, weir::email);

template<>
inline constexpr auto weir::schema<shop::order> =
    weir::object().field(&shop::order::items, weir::min_items(1), weir::max_items(3));

namespace shop {

inline constexpr std::string_view order_json =
    R"({"id":42,"state":"paid","price":19.5,"gift":true,"buyer":{"name":"张三","email":"z@example.com"},)"
    R"("items":[{"product_id":7,"quantity":2,"note":"red"},{"product_id":8,"quantity":1}],)"
    R"("discounts":{"new year":0.5,"vip":2},"created_at":"2026-11-23T08:47:12.25Z"})";

inline order whole_order() {
    order made;
    made.id = 42;
    made.state = status::paid;
    made.price = 19.5;
    made.gift = true;
    made.buyer = {"张三", "z@example.com"};
    made.items = {{7, 2, "red"}, {8, 1, {}}};
    made.discounts = {{"new year", 0.5}, {"vip", 2}};
    made.created_at = weir::wall_time(std::chrono::sys_days(std::chrono::year{2026} / 11 / 23)) +
                      std::chrono::hours{8} + std::chrono::minutes{47} + std::chrono::milliseconds{12250};
    return made;
}

} // namespace shop
