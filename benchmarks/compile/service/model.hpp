// SPDX-License-Identifier: MIT
#pragma once

// The shop's tables and its JSON types.

#include <weir/core/clock.hpp>
#include <weir/reflect/schema.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace shop {

struct product {
    std::int64_t id{};
    std::string name{};
    std::int64_t price_cents{};
    std::int64_t stock{};
};
BOOST_DESCRIBE_STRUCT(product, (), (id, name, price_cents, stock))

struct sale {
    std::int64_t id{};
    std::int64_t product_id{};
    std::int64_t quantity{};
    std::int64_t cents{};
    std::optional<std::string> note{};
    weir::wall_time made_at{};
};
BOOST_DESCRIBE_STRUCT(sale, (), (id, product_id, quantity, cents, note, made_at))

struct new_product {
    std::string name{};
    std::int64_t price_cents{};
};
BOOST_DESCRIBE_STRUCT(new_product, (), (name, price_cents))

struct new_sale {
    std::int64_t quantity = 1;
    std::optional<std::string> note{};
};
BOOST_DESCRIBE_STRUCT(new_sale, (), (quantity, note))

struct product_query {
    std::optional<std::string> name{};
    std::int64_t size = 20;
};
BOOST_DESCRIBE_STRUCT(product_query, (), (name, size))

struct turnover {
    std::int64_t product_id{};
    std::int64_t sales{};
    std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(turnover, (), (product_id, sales, cents))

} // namespace shop

template<>
inline constexpr auto weir::schema<shop::product> =
    weir::table("products").key(&shop::product::id).field(&shop::product::name, weir::unique, weir::max_length(100));

template<>
inline constexpr auto weir::schema<shop::sale> =
    weir::table("sales")
        .key(&shop::sale::id)
        .field(&shop::sale::product_id, weir::index)
        .field(&shop::sale::note, weir::max_length(200));

template<>
inline constexpr auto weir::schema<shop::new_product> =
    weir::object()
        .field(&shop::new_product::name, weir::not_empty, weir::max_length(100))
        .field(&shop::new_product::price_cents, weir::min(1));

template<>
inline constexpr auto weir::schema<shop::new_sale> =
    weir::object().field(&shop::new_sale::quantity, weir::range(1, 99));

template<>
inline constexpr auto weir::schema<shop::product_query> =
    weir::object().field(&shop::product_query::size, weir::range(1, 100));
