// SPDX-License-Identifier: MIT
#include "store.hpp"

#include <weir/orm/outbox_store.hpp>
#include <weir/orm/processed_messages.hpp>

#include <map>

namespace miniapp {

using weir::col;
using weir::result;
using weir::task;

namespace {

std::vector<product> first_products() {
    std::vector<product> rows;
    const auto add = [&rows](const char* name, std::int64_t price_cents, std::int64_t stock) {
        rows.push_back({static_cast<std::int64_t>(rows.size()) + 1, name, price_cents, stock});
    };
    add("Longjing tea, 100 g", 6800, 120);
    add("Pu'er cake, 2019", 12900, 40);
    add("Jasmine pearls, 50 g", 3900, 200);
    add("Gaiwan, white porcelain", 8800, 35);
    add("Travel tea set", 15900, 18);
    add("Osmanthus cake, box of 8", 4500, 60);
    add("茉莉花茶 (jasmine), 250 g", 5200, 80);
    add("Bamboo whisk", 2600, 0);
    return rows;
}

} // namespace

task<result<void>> store::prepare(bool seed) {
    if (auto made = co_await weir::auto_migrate<user, product, order, order_line, weir::orm::outbox_row,
                                                weir::orm::processed_message>(db);
        !made)
        co_return made;
    if (!seed) co_return weir::ok();
    const auto present = co_await products.count();
    if (!present) co_return present.error();
    if (*present != 0) co_return weir::ok();
    const auto rows = first_products();
    const auto stored = co_await products.insert_many(rows);
    if (!stored) co_return stored.error();
    co_return weir::ok();
}

user_view view(const user& row) { return {row.id, row.nickname, row.email, row.role, row.created_at}; }

result<std::vector<order_view>> with_items(weir::orm::reader& from, const std::vector<order>& orders) {
    std::vector<std::int64_t> ids;
    ids.reserve(orders.size());
    for (const auto& one : orders) ids.push_back(one.id);
    std::map<std::int64_t, std::vector<order_item_view>> items;
    if (!ids.empty()) {
        const auto found =
            from.where<order_line>(col<&order_line::order_id>.in(ids)).order_by(weir::oldest<&order_line::id>).all();
        if (!found) return found.error();
        for (const auto& line : *found)
            items[line.order_id].push_back({line.product_id, line.quantity, line.price_cents});
    }
    std::vector<order_view> views;
    views.reserve(orders.size());
    for (const auto& one : orders)
        views.push_back({one.id, one.user_id, one.status, one.total_cents, std::move(items[one.id]), one.created_at});
    return views;
}

} // namespace miniapp
