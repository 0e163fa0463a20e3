// SPDX-License-Identifier: MIT
// expect WRONG_1: weir: a selected column's table isn't in the query
// expect WRONG_2: weir: select(...) takes a column for each member
// expect WRONG_3: weir: a member and the column selected into it differ in type
// expect WRONG_4: weir: the value selected into this member may be NULL: make it a std::optional
// expect WRONG_5: weir: the table has no column with the name of this member
// expect WRONG_6: weir: a column selected beside aggregates must be in group_by(...)
// expect WRONG_7: weir: a column selected beside aggregates must be in group_by(...)
// expect WRONG_8: weir: groups are ordered by an aggregate or by a column of group_by(...)
// expect WRONG_9: weir: this condition's table isn't in the query
// expect WRONG_10: weir: this column's table isn't in the query
#include <weir/orm.hpp>

struct user {
    std::int64_t id{};
    std::string name{};
    std::optional<std::string> city{};
};
BOOST_DESCRIBE_STRUCT(user, (), (id, name, city))

struct order {
    std::int64_t id{};
    std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(order, (), (id, cents))

struct named {
    std::int64_t id{};
    std::string name{};
};
BOOST_DESCRIBE_STRUCT(named, (), (id, name))

struct titled {
    std::int64_t id{};
    std::string title{};
};
BOOST_DESCRIBE_STRUCT(titled, (), (id, title))

template<>
inline constexpr auto weir::schema<user> = weir::table("users").key(&user::id);
template<>
inline constexpr auto weir::schema<order> = weir::table("orders").key(&order::id);

using weir::col;

void ask(weir::database& db);

void ask(weir::database& db) {
    const weir::repository<user> users(db);
    (void)users.rows().select<named>(col<&user::id>, col<&user::name>).all();
    (void)users.rows().select<named>().all();
    (void)users.rows().group_by(col<&user::name>).having(weir::count() > 1).select<std::string>(col<&user::name>).all();
#ifdef WRONG_1
    (void)users.rows().select<named>(col<&order::id>, col<&user::name>).all();
#endif
#ifdef WRONG_2
    (void)users.rows().select<named>(col<&user::id>).all();
#endif
#ifdef WRONG_3
    (void)users.rows().select<named>(col<&user::name>, col<&user::id>).all();
#endif
#ifdef WRONG_4
    (void)users.rows().select<named>(col<&user::id>, col<&user::city>).all();
#endif
#ifdef WRONG_5
    (void)users.rows().select<titled>().all();
#endif
#ifdef WRONG_6
    (void)users.rows().select<named>(weir::count(), col<&user::name>).all();
#endif
#ifdef WRONG_7
    (void)users.rows().group_by(col<&user::name>).select<named>(col<&user::id>, col<&user::name>).all();
#endif
#ifdef WRONG_8
    (void)users.rows().group_by(col<&user::name>).order_by(asc(col<&user::id>)).select<std::string>(col<&user::name>);
#endif
#ifdef WRONG_9
    (void)users.rows().group_by(col<&user::name>).having(sum(col<&order::cents>) > 1);
#endif
#ifdef WRONG_10
    (void)users.rows().sum(col<&order::cents>);
#endif
}
