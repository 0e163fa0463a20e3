// SPDX-License-Identifier: MIT
// expect WRONG_1: predicate<order>
// expect WRONG_2: predicate<user, order>
// expect WRONG_3: operator==
// expect WRONG_4: BOOST_DESCRIBE_STRUCT of this struct doesn't list the member
// expect WRONG_5: deleted
// expect WRONG_6: no column type: integers, bool, double, std::string
// expect WRONG_7: name this lambda before awaiting it, or capture by reference
#include <weir/orm.hpp>

#include <vector>

struct user {
    std::int64_t id{};
    std::string name{};
    int hidden{};
};
BOOST_DESCRIBE_STRUCT(user, (), (id, name))

struct order {
    std::int64_t id{};
    std::int64_t user_id{};
};
BOOST_DESCRIBE_STRUCT(order, (), (id, user_id))

struct basket {
    std::int64_t id{};
    std::vector<int> items{};
};
BOOST_DESCRIBE_STRUCT(basket, (), (id, items))

template<>
inline constexpr auto weir::schema<user> = weir::table("users").key(&user::id);
template<>
inline constexpr auto weir::schema<order> = weir::table("orders").key(&order::id);
template<>
inline constexpr auto weir::schema<basket> = weir::table("baskets").key(&basket::id);

using weir::col;

void ask(weir::database& db);

void ask(weir::database& db) {
    const weir::repository<user> users(db);
    (void)users.where(col<&user::name> == "Alice" && col<&user::id> > 7).all();
#ifdef WRONG_1
    (void)users.where(col<&order::id> == 1).all();
#endif
#ifdef WRONG_2
    (void)users.where(col<&user::id> == 1 && col<&order::id> == 1).all();
#endif
#ifdef WRONG_3
    (void)users.where(col<&user::name> == 1).all();
#endif
#ifdef WRONG_4
    (void)users.where(col<&user::hidden> == 1).all();
#endif
#ifdef WRONG_5
    (void)users.insert(user());
#endif
#ifdef WRONG_6
    (void)weir::repository<basket>(db).find(1);
#endif
#ifdef WRONG_7
    std::string name = "owned";
    (void)db.transaction([name](weir::transaction&) -> weir::result<void> { return weir::ok(); });
#endif
}
