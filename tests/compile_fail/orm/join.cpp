// SPDX-License-Identifier: MIT
// expect WRONG_1: weir: this condition's table isn't in the query
// expect WRONG_2: weir: a selected column's table isn't in the query
// expect WRONG_3: weir: this order's table isn't in the query
// expect WRONG_4: weir: on(...) doesn't mention the joined table
// expect WRONG_5: weir: on(...) mentions a table that isn't in the query
// expect WRONG_6: weir: a table can be joined only once per query
// expect WRONG_7: weir: the value selected into this member may be NULL: make it a std::optional
// expect WRONG_8: operator==
#include <weir/orm.hpp>

struct user {
    std::int64_t id{};
    std::string name{};
};
BOOST_DESCRIBE_STRUCT(user, (), (id, name))

struct order {
    std::int64_t id{};
    std::int64_t user_id{};
};
BOOST_DESCRIBE_STRUCT(order, (), (id, user_id))

struct coupon {
    std::int64_t id{};
    std::int64_t user_id{};
};
BOOST_DESCRIBE_STRUCT(coupon, (), (id, user_id))

struct line {
    std::int64_t id{};
    std::string name{};
};
BOOST_DESCRIBE_STRUCT(line, (), (id, name))

template<>
inline constexpr auto weir::schema<user> = weir::table("users").key(&user::id);
template<>
inline constexpr auto weir::schema<order> = weir::table("orders").key(&order::id);
template<>
inline constexpr auto weir::schema<coupon> = weir::table("coupons").key(&coupon::id);

using weir::col;

void ask(weir::database& db);

void ask(weir::database& db) {
    const weir::repository<order> orders(db);
    const auto joined = [&] { return orders.rows().join<user>(on(col<&order::user_id> == col<&user::id>)); };
    (void)joined()
        .where(col<&user::name> == "Alice" && col<&order::id> > 1)
        .select<line>(col<&order::id>, col<&user::name>);
#ifdef WRONG_1
    (void)joined().where(col<&coupon::id> == 1 && col<&user::id> == 1);
#endif
#ifdef WRONG_2
    (void)joined().select<line>(col<&coupon::id>, col<&user::name>);
#endif
#ifdef WRONG_3
    (void)joined().order_by(weir::newest<&coupon::id>);
#endif
#ifdef WRONG_4
    (void)joined().join<coupon>(on(col<&order::user_id> == col<&user::id>));
#endif
#ifdef WRONG_5
    (void)orders.rows().join<user>(on(col<&coupon::user_id> == col<&user::id>));
#endif
#ifdef WRONG_6
    (void)joined().join<user>(on(col<&order::user_id> == col<&user::id>));
#endif
#ifdef WRONG_7
    (void)orders.rows()
        .left_join<user>(on(col<&order::user_id> == col<&user::id>))
        .select<line>(col<&order::id>, col<&user::name>);
#endif
#ifdef WRONG_8
    (void)orders.rows().join<user>(on(col<&order::user_id> == col<&user::name>));
#endif
}
