// SPDX-License-Identifier: MIT
// expect WRONG_1: weir: rows are locked in a transaction
// expect WRONG_2: weir: rows are locked in a transaction
// expect WRONG_3: weir: this column belongs to another table
// expect WRONG_4: weir: a row's key can't be changed
// expect WRONG_5: weir: upsert(row, columns...) takes columns that are unique
// expect WRONG_6: weir: this column belongs to another table
// expect WRONG_7: weir: rows with assigned keys are matched by the key: upsert(row)
// expect WRONG_8: deleted
#include <weir/orm.hpp>

struct user {
    std::int64_t id{};
    std::string openid{};
    std::string name{};
};
BOOST_DESCRIBE_STRUCT(user, (), (id, openid, name))

struct country {
    std::string code{};
    std::string name{};
};
BOOST_DESCRIBE_STRUCT(country, (), (code, name))

template<>
inline constexpr auto weir::schema<user> = weir::table("users").key(&user::id).field(&user::openid, weir::unique);
template<>
inline constexpr auto weir::schema<country> =
    weir::table("countries").key(&country::code).field(&country::name, weir::unique);

using weir::col;

void store(weir::database& db, weir::transaction& tx, weir::orm::reader& from);

void store(weir::database& db, weir::transaction& tx, [[maybe_unused]] weir::orm::reader& from) {
    const weir::repository<user> users(db);
    user row;
    (void)tx.where<user>(col<&user::id> == 1).for_update(weir::skip_locked).one();
    (void)tx.repo<user>().update(row, col<&user::name>);
    (void)tx.repo<user>().upsert(row, col<&user::openid>);
#ifdef WRONG_1
    (void)users.where(col<&user::id> == 1).for_update().all();
#endif
#ifdef WRONG_2
    (void)from.where<user>(col<&user::id> == 1).for_update().all();
#endif
#ifdef WRONG_3
    (void)users.update(row, col<&country::name>);
#endif
#ifdef WRONG_4
    (void)users.update(row, col<&user::name>, col<&user::id>);
#endif
#ifdef WRONG_5
    (void)users.upsert(row, col<&user::name>);
#endif
#ifdef WRONG_6
    (void)users.upsert(row, col<&country::name>);
#endif
#ifdef WRONG_7
    country cn;
    (void)weir::repository<country>(db).upsert(cn, col<&country::name>);
#endif
#ifdef WRONG_8
    (void)users.upsert(user(), col<&user::openid>);
#endif
}
