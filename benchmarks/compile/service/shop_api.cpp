// SPDX-License-Identifier: MIT
// The benchmark's case `handlers`: seven handlers and three kinds of queries in one file.
#include "shop_api.hpp"

#include <fmt/format.h>

namespace shop {

using weir::col;
using weir::result;

namespace {

// Takes the stock in the statement that checks whether there is enough.
result<sale> sell_in(weir::orm::transaction& tx, std::int64_t id, const new_sale& wanted) {
    const auto found = tx.find<product>(id);
    if (!found) return found.error();
    const auto taken = tx.repo<product>().update_where(
        col<&product::id> == id && col<&product::stock> >= wanted.quantity, (col<&product::stock>) -= wanted.quantity);
    if (!taken) return taken.error();
    if (*taken == 0) return weir::error(weir::errc::conflict, found->name + " is sold out").with_code("out_of_stock");
    sale made{0, id, wanted.quantity, found->price_cents * wanted.quantity, wanted.note, {}};
    if (auto stored = tx.insert(made); !stored) return stored.error();
    return made;
}

} // namespace

reply<std::vector<product>> shop_api::list(weir::query<product_query> wanted) {
    auto found = products_.rows();
    if (wanted->name) found.where(col<&product::name>.contains(*wanted->name));
    const auto size = static_cast<std::size_t>(wanted->size);
    return std::move(found).order_by(weir::oldest<&product::id>).limit(size).all();
}

reply<product> shop_api::show(product_path id) { return products_.find(id); }

reply<weir::created<product>> shop_api::create(weir::body<new_product> in) {
    product row{0, in->name, in->price_cents, 0};
    if (auto stored = co_await products_.insert(row); !stored) co_return stored.error();
    co_return weir::created(row, fmt::format("/products/{}", row.id));
}

reply<void> shop_api::remove(product_path id) { return products_.erase(id); }

reply<weir::created<sale>> shop_api::sell(product_path id, weir::body<new_sale> in) {
    auto body = [&](weir::orm::transaction& tx) { return sell_in(tx, id, *in); };
    auto done = co_await db_.transaction(body);
    if (!done) co_return done.error();
    co_return weir::created(*done, fmt::format("/products/{}/sales", done->product_id));
}

reply<std::vector<sale>> shop_api::sales_of(product_path id) {
    return sales_.where(col<&sale::product_id> == *id && col<&sale::cents> > 0)
        .order_by(weir::newest<&sale::made_at>)
        .limit(50)
        .all();
}

reply<std::vector<turnover>> shop_api::turnovers() {
    return sales_.rows()
        .group_by(col<&sale::product_id>)
        .order_by(weir::desc(weir::sum(col<&sale::cents>)))
        .select<turnover>(col<&sale::product_id>, weir::count(), weir::sum(col<&sale::cents>))
        .all();
}

void shop_api::mount(weir::router& r) {
    r.get("/products", &shop_api::list, *this)
        .post("/products", &shop_api::create, *this)
        .get("/products/{id}", &shop_api::show, *this)
        .del("/products/{id}", &shop_api::remove, *this)
        .get("/products/{id}/sales", &shop_api::sales_of, *this)
        .post("/products/{id}/sales", &shop_api::sell, *this)
        .get("/turnovers", &shop_api::turnovers, *this);
}

} // namespace shop
