// SPDX-License-Identifier: MIT
#include "api.hpp"

namespace miniapp {

using weir::col;

reply<page_of<product>> product_api::list(weir::query<product_query> wanted) {
    auto found = rows_.products.rows();
    if (wanted->q) found.where(col<&product::name>.contains(*wanted->q));
    auto counted = found;
    const auto total = co_await std::move(counted).count();
    if (!total) co_return total.error();
    const auto limit = static_cast<std::size_t>(wanted->size);
    auto rows =
        co_await std::move(found).order_by(weir::oldest<&product::id>).offset(wanted->skipped()).limit(limit).all();
    if (!rows) co_return rows.error();
    page_of<product> out{std::move(*rows), wanted->page, wanted->size, *total};
    co_return out;
}

void product_api::mount(weir::router& api) { api.get("/products", &product_api::list, *this); }

} // namespace miniapp
