// SPDX-License-Identifier: MIT
#include "orm/sql/upsert.hpp"

#include "orm/sqlite/sqlite_dialect.hpp"
#include "orm/support.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace weir;
using namespace orm_test;

namespace {

template<class Rows>
concept upserts_a_temporary = requires(Rows rows) {
    rows.upsert(user());
};
static_assert(!upserts_a_temporary<repository<user>>, "the key would be filled into a row that is gone");

} // namespace

TEST_CASE("an upsert replaces all columns except the key and the unique ones") {
    const auto& table = orm::table_of<user>();
    const std::array<std::size_t, 1> openid{1};
    CHECK(orm::sqlite_dialect().on_conflict(table, openid) ==
          " ON CONFLICT (openid) DO UPDATE SET name = excluded.name, age = excluded.age, email = excluded.email, "
          "role = excluded.role, created_at = excluded.created_at");
    const std::array<std::size_t, 2> both{1, 2};
    CHECK(orm::columns_to_replace(table, both) == std::vector<std::size_t>{3, 4, 5, 6});
    const std::array<std::size_t, 2> all{1, 2};
    CHECK(orm::columns_to_replace(orm::table_of<product>(), all) == std::vector<std::size_t>{1, 2});
}

TEST_CASE("an update of some columns contains no others") {
    const std::array<std::size_t, 2> some{3, 4};
    CHECK(orm::update_columns(orm::table_of<user>(), some) == "UPDATE users SET age = ?, email = ? WHERE id = ?");
}
