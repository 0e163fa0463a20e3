// SPDX-License-Identifier: MIT
#pragma once

// The rows that the shop stores, and the JSON shapes of its requests and responses.

#include <weir/core/clock.hpp>
#include <weir/reflect/schema.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace miniapp {

enum class user_role { shopper, admin };
BOOST_DESCRIBE_ENUM(user_role, shopper, admin)

enum class order_status { placed, paid, shipped, cancelled };
BOOST_DESCRIBE_ENUM(order_status, placed, paid, shipped, cancelled)

struct user {
    std::int64_t id{};
    std::optional<std::string> openid{}; // WeChat's id of the user; none for a user that an admin created
    std::string nickname{};
    std::optional<std::string> email{};
    user_role role = user_role::shopper;
    weir::wall_time created_at{};
    std::int64_t points{};
};
BOOST_DESCRIBE_STRUCT(user, (), (id, openid, nickname, email, role, created_at, points))

struct product {
    std::int64_t id{};
    std::string name{};
    std::int64_t price_cents{};
    std::int64_t stock{};
};
BOOST_DESCRIBE_STRUCT(product, (), (id, name, price_cents, stock))

struct order {
    std::int64_t id{};
    std::int64_t user_id{};
    order_status status = order_status::placed;
    std::int64_t total_cents{};
    weir::wall_time created_at{};
    std::optional<std::string> idempotency_key{};
};
BOOST_DESCRIBE_STRUCT(order, (), (id, user_id, status, total_cents, created_at, idempotency_key))

struct order_line {
    std::int64_t id{};
    std::int64_t order_id{};
    std::int64_t product_id{};
    std::int64_t quantity{};
    std::int64_t price_cents{};
};
BOOST_DESCRIBE_STRUCT(order_line, (), (id, order_id, product_id, quantity, price_cents))

// A user as clients see it: without the openid.
struct user_view {
    std::int64_t id{};
    std::string nickname{};
    std::optional<std::string> email{};
    user_role role = user_role::shopper;
    weir::wall_time created_at{};
};
BOOST_DESCRIBE_STRUCT(user_view, (), (id, nickname, email, role, created_at))

struct points_view {
    std::int64_t points{};
};
BOOST_DESCRIBE_STRUCT(points_view, (), (points))

struct order_item_view {
    std::int64_t product_id{};
    std::int64_t quantity{};
    std::int64_t price_cents{};
};
BOOST_DESCRIBE_STRUCT(order_item_view, (), (product_id, quantity, price_cents))

struct order_view {
    std::int64_t id{};
    std::int64_t user_id{};
    order_status status = order_status::placed;
    std::int64_t total_cents{};
    std::vector<order_item_view> items{};
    weir::wall_time created_at{};
};
BOOST_DESCRIBE_STRUCT(order_view, (), (id, user_id, status, total_cents, items, created_at))

template<class T>
struct page_of {
    std::vector<T> items{};
    std::int64_t page{};
    std::int64_t size{};
    std::int64_t total{};

    BOOST_DESCRIBE_CLASS(page_of, (), (items, page, size, total), (), ())
};

struct page_query {
    std::int64_t page = 1;
    std::int64_t size = 20;

    std::size_t skipped() const { return static_cast<std::size_t>((page - 1) * size); }
};
BOOST_DESCRIBE_STRUCT(page_query, (), (page, size))

struct product_query : page_query {
    std::optional<std::string> q{};
};
BOOST_DESCRIBE_STRUCT(product_query, (page_query), (q))

struct login_request {
    std::string code{};
};
BOOST_DESCRIBE_STRUCT(login_request, (), (code))

struct login_response {
    std::string token{};
    std::int64_t expires_in{};
    user_view user{};
};
BOOST_DESCRIBE_STRUCT(login_response, (), (token, expires_in, user))

struct user_input {
    std::string nickname{};
    std::optional<std::string> email{}; // none: removes the user's email
    std::optional<user_role> role{};    // none: shopper for a new user, else unchanged
};
BOOST_DESCRIBE_STRUCT(user_input, (), (nickname, email, role))

struct order_item_input {
    std::int64_t product_id{};
    std::int64_t quantity{};
};
BOOST_DESCRIBE_STRUCT(order_item_input, (), (product_id, quantity))

struct order_input {
    std::vector<order_item_input> items{};
};
BOOST_DESCRIBE_STRUCT(order_input, (), (items))

} // namespace miniapp

template<>
inline constexpr auto weir::schema<miniapp::user> =
    weir::table("users")
        .key(&miniapp::user::id)
        .field(&miniapp::user::openid, weir::unique)
        .field(&miniapp::user::nickname, weir::not_empty)
        .field(&miniapp::user::email, weir::unique);

template<>
inline constexpr auto weir::schema<miniapp::product> =
    weir::table("products").key(&miniapp::product::id).field(&miniapp::product::name, weir::unique);

template<>
inline constexpr auto weir::schema<miniapp::order> =
    weir::table("orders")
        .key(&miniapp::order::id)
        .field(&miniapp::order::user_id, weir::index)
        .field(&miniapp::order::idempotency_key, weir::max_length(255))
        .unique(&miniapp::order::user_id, &miniapp::order::idempotency_key);

template<>
inline constexpr auto weir::schema<miniapp::order_line> =
    weir::table("order_lines").key(&miniapp::order_line::id).field(&miniapp::order_line::order_id, weir::index);

// The rules of every paged query.
template<>
inline constexpr auto weir::schema<miniapp::page_query> =
    weir::object()
        .field(&miniapp::page_query::page, weir::range(1, 1000000))
        .field(&miniapp::page_query::size, weir::range(1, 100));

template<>
inline constexpr auto weir::schema<miniapp::product_query> =
    weir::object().field(&miniapp::product_query::q, weir::max_length(100));

template<>
inline constexpr auto weir::schema<miniapp::login_request> =
    weir::object().field(&miniapp::login_request::code, weir::not_empty, weir::max_length(128));

template<>
inline constexpr auto weir::schema<miniapp::user_input> =
    weir::object()
        .field(&miniapp::user_input::nickname, weir::not_empty, weir::max_length(64))
        .field(&miniapp::user_input::email, weir::email, weir::max_length(255));

template<>
inline constexpr auto weir::schema<miniapp::order_item_input> =
    weir::object().field(&miniapp::order_item_input::quantity, weir::range(1, 999));

template<>
inline constexpr auto weir::schema<miniapp::order_input> =
    weir::object().field(&miniapp::order_input::items, weir::min_items(1), weir::max_items(50));
