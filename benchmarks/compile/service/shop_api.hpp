// SPDX-License-Identifier: MIT
#pragma once

#include "model.hpp"
#include <weir/http/router.hpp>
#include <weir/orm/repository.hpp>

#include <cstdint>
#include <vector>

namespace shop {

template<class T>
using reply = weir::task<weir::result<T>>;
using product_path = weir::path<"id", std::int64_t>;

/// The shop over HTTP: seven handlers.
class shop_api {
public:
    shop_api(weir::database& db, weir::repository<product>& products, weir::repository<sale>& sales)
        : db_(db), products_(products), sales_(sales) {}

    reply<std::vector<product>> list(weir::query<product_query> wanted);
    reply<product> show(product_path id);
    reply<weir::created<product>> create(weir::body<new_product> in);
    reply<void> remove(product_path id);
    reply<weir::created<sale>> sell(product_path id, weir::body<new_sale> in);
    reply<std::vector<sale>> sales_of(product_path id);
    reply<std::vector<turnover>> turnovers();

    void mount(weir::router& r);

private:
    weir::database& db_;
    weir::repository<product>& products_;
    weir::repository<sale>& sales_;
};

} // namespace shop
