// SPDX-License-Identifier: MIT
#include "api.hpp"

namespace miniapp {

using weir::col;

reply<page_of<product>> product_api::list(weir::query<product_query> wanted) {
    auto body = [&](weir::orm::reader& r) {
        auto found = r.rows<product>();
        if (wanted->q) found.where(col<&product::name>.icontains(*wanted->q));
        return page_in<product>(std::move(found), weir::oldest<&product::id>, *wanted);
    };
    co_return co_await rows_.db.read(body);
}

void product_api::mount(weir::router& api) { api.get("/products", &product_api::list, *this); }

} // namespace miniapp
