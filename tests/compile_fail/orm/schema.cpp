// SPDX-License-Identifier: MIT
// expect WRONG_1: weir: a member with references(...) must have the type of the member it refers to
// expect WRONG_2: weir: on_delete::set_null needs a std::optional member
// expect WRONG_3: weir: references(...) takes the key of the other table
// expect WRONG_4: weir: an index of schema<T> is on a member that BOOST_DESCRIBE_STRUCT of T doesn't list
// expect WRONG_5: weir: an object() has no indexes; begin the schema with table("name")
// expect WRONG_6: weir: an object() has no checks; begin the schema with table("name")
#include <weir/orm/detail/table.hpp>

struct owner {
    std::int64_t id{};
    std::int64_t number{};
};
BOOST_DESCRIBE_STRUCT(owner, (), (id, number))

struct pet {
    std::int64_t id{};
    std::int64_t owner_id{};
    std::string name{};
    int hidden{};
};
BOOST_DESCRIBE_STRUCT(pet, (), (id, owner_id, name))

template<>
inline constexpr auto weir::schema<owner> = weir::table("owners").key(&owner::id);

template<>
inline constexpr auto weir::schema<pet> =
    weir::table("pets")
        .key(&pet::id)
#ifdef WRONG_1
        .field(&pet::name, weir::references(&owner::id))
#elif defined(WRONG_2)
        .field(&pet::owner_id, weir::references(&owner::id, weir::on_delete::set_null))
#elif defined(WRONG_3)
        .field(&pet::owner_id, weir::references(&owner::number))
#elif defined(WRONG_4)
        .unique(&pet::name, &pet::hidden)
#else
        .field(&pet::owner_id, weir::references(&owner::id))
#endif
        .index(&pet::owner_id, &pet::name)
        .check("named", "name <> ''");

#ifdef WRONG_5
constexpr auto not_a_table = weir::object().field(&pet::name, weir::not_empty).unique(&pet::name);
#endif
#ifdef WRONG_6
constexpr auto not_a_table = weir::object().field(&pet::name, weir::not_empty).check("named", "name <> ''");
#endif

const weir::orm::table_info& pets();
const weir::orm::table_info& pets() { return weir::orm::table_of<pet>(); }
