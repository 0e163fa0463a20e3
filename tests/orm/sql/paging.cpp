// SPDX-License-Identifier: MIT
#include "orm/sales.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace orm_test;

namespace {

// The SQL after the table's name.
std::string tail(const orm::query<purchase, database>& asked) {
    const std::string sql = asked.sql();
    return sql.substr(sql.find(" FROM purchases") + std::string(" FROM purchases").size());
}

} // namespace

TEST_CASE("the key is the tie-breaker, in the direction of the last order") {
    database db(":memory:");
    const repository<purchase> rows(db);
    purchase last;
    CHECK(tail(rows.rows().after(last)) == " WHERE id > ? ORDER BY id");
    CHECK(tail(rows.rows().order_by(newest<&purchase::id>).after(last)) == " WHERE id < ? ORDER BY id DESC");
    CHECK(tail(rows.rows().order_by(newest<&purchase::cents>).after(std::nullopt)) == " ORDER BY cents DESC, id DESC");
}

TEST_CASE("a page's condition begins with the part that an index search uses") {
    database db(":memory:");
    const repository<purchase> rows(db);
    const purchase last;
    const auto asked =
        rows.where(col<&purchase::paid> == true)
            .order_by(newest<&purchase::made_at>)
            .order_by(oldest<&purchase::cents>)
            .after(last)
            .limit(20);
    CHECK(tail(asked) == " WHERE (paid = ? AND (made_at <= ? AND (made_at < ? OR (cents >= ? AND (cents > ? OR id > "
                         "?))))) ORDER BY made_at DESC, cents, id LIMIT 20");
}

TEST_CASE("pages ordered by a nullable column have NULLs last") {
    database db(":memory:");
    const repository<purchase> rows(db);
    purchase last;
    CHECK(tail(rows.rows().order_by(newest<&purchase::note>).after(last)) ==
          " WHERE (note IS NULL AND id < ?) ORDER BY note DESC, id DESC");
    last.note = "a";
    CHECK(tail(rows.rows().order_by(newest<&purchase::note>).after(last)) ==
          " WHERE ((note <= ? OR note IS NULL) AND ((note < ? OR note IS NULL) OR id < ?)) "
          "ORDER BY note DESC, id DESC");
    CHECK(tail(rows.rows().order_by(oldest<&purchase::note>)) == " ORDER BY note NULLS LAST");
    const orm::null_order mysql{.takes_words = false};
    orm::selection up;
    orm::add_order(up.order, orm::ordering<purchase>(oldest<&purchase::note>).by);
    CHECK(orm::select_rows(orm::table_of<purchase>(), up, mysql).sql.ends_with(" ORDER BY note IS NULL, note"));
}
