// SPDX-License-Identifier: MIT
#pragma once

#include "model.hpp"
#include <weir/orm/database.hpp>
#include <weir/orm/repository.hpp>

namespace miniapp {

/// The shop's tables.
struct store {
    weir::database& db;
    weir::repository<user> users{db};
    weir::repository<product> products{db};
    weir::repository<order> orders{db};
    weir::repository<order_line> lines{db};

    explicit store(weir::database& from) : db(from) {}

    /// Brings the tables up to date, and on the first start puts something on the shelves.
    weir::task<weir::result<void>> prepare(bool seed);
};

user_view view(const user& row);

/// Finds the orders' lines with one query and puts them together.
weir::task<weir::result<std::vector<order_view>>> with_items(store& from, std::vector<order> orders);

} // namespace miniapp
