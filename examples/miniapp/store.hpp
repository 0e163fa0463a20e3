// SPDX-License-Identifier: MIT
#pragma once

#include "model.hpp"
#include <weir/orm/database.hpp>
#include <weir/orm/migrate.hpp>
#include <weir/orm/repository.hpp>

namespace miniapp {

/// The shop's database and tables.
struct store {
    weir::database& db;
    weir::repository<user> users{db};
    weir::repository<product> products{db};
    weir::repository<order> orders{db};
    weir::repository<order_line> lines{db};

    explicit store(weir::database& from) : db(from) {}

    /// Migrates the tables; with `seed`, stores eight products if there are none.
    weir::task<weir::result<void>> prepare(bool seed);
};

user_view view(const user& row);

/// Returns one page of the query's rows and their total number, within one job on one connection.
template<class T>
weir::result<page_of<T>> page_in(weir::orm::query<T, weir::orm::reader> wanted, weir::orm::ordering<T> order,
                                 const page_query& at) {
    auto counted = wanted;
    const auto total = std::move(counted).count();
    if (!total) return total.error();
    wanted.order_by(std::move(order)).offset(at.skipped()).limit(static_cast<std::size_t>(at.size));
    auto rows = std::move(wanted).all();
    if (!rows) return rows.error();
    return page_of<T>{std::move(*rows), at.page, at.size, *total};
}

/// Returns the orders with their lines, which one query reads.
weir::result<std::vector<order_view>> with_items(weir::orm::reader& from, const std::vector<order>& orders);

} // namespace miniapp
