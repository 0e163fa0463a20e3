// SPDX-License-Identifier: MIT
#include "api.hpp"
#include <weir/core/loop.hpp>

namespace miniapp {

using weir::col;
using weir::errc;
using weir::error;
using weir::result;

namespace {

std::string field_of(std::size_t item, const char* name) { return "items[" + std::to_string(item) + "]." + name; }

error unknown_product(std::size_t item, std::int64_t id) {
    const std::string message = "no product has the id " + std::to_string(id);
    return error(errc::validation_failed, message).with_detail({field_of(item, "product_id"), "exists", message});
}

error out_of_stock(std::size_t item, const product& wanted) {
    const std::string message = wanted.name + ": only " + std::to_string(wanted.stock) + " left";
    return error(errc::conflict, message)
        .with_code("out_of_stock")
        .with_detail({field_of(item, "quantity"), "in_stock", message});
}

// The user may have been deleted since the token was looked at.
result<void> still_there(weir::orm::transaction& tx, std::int64_t user_id) {
    const auto buyer = tx.find<user>(user_id);
    if (buyer) return weir::ok();
    return buyer.error() == errc::not_found ? gone_user() : buyer.error();
}

// Takes the stock in the statement that looks whether there is enough, so that nothing is sold twice.
result<order_line> take(weir::orm::transaction& tx, std::size_t item, const order_item_input& wanted) {
    auto found = tx.find<product>(wanted.product_id);
    if (!found) {
        if (found.error() == errc::not_found) return unknown_product(item, wanted.product_id);
        return found.error();
    }
    const auto taken = tx.repo<product>().update_where(col<&product::id> == wanted.product_id &&
                                                           col<&product::stock> >= wanted.quantity,
                                                       col<& product::stock> -= wanted.quantity);
    if (!taken) return taken.error();
    if (*taken == 0) return out_of_stock(item, *found);
    return order_line{0, 0, wanted.product_id, wanted.quantity, found->price_cents};
}

result<order_view> place_in(weir::orm::transaction& tx, order placed, const order_input& wanted) {
    if (const auto buyer = still_there(tx, placed.user_id); !buyer) return buyer.error();
    std::vector<order_line> lines;
    for (std::size_t i = 0; i < wanted.items.size(); ++i) {
        auto line = take(tx, i, wanted.items[i]);
        if (!line) return line.error();
        placed.total_cents += line->price_cents * line->quantity;
        lines.push_back(*line);
    }
    if (auto stored = tx.insert(placed); !stored) return stored.error();
    order_view out{placed.id, placed.user_id, placed.status, placed.total_cents, {}, placed.created_at};
    for (auto& line : lines) {
        line.order_id = placed.id;
        if (auto stored = tx.insert(line); !stored) return stored.error();
        out.items.push_back({line.product_id, line.quantity, line.price_cents});
    }
    return out;
}

} // namespace

reply<weir::created<order_view>> order_api::place(weir::principal who, weir::body<order_input> in) {
    const weir::executor here = co_await weir::this_task;
    order placed;
    placed.user_id = user_id(who);
    placed.created_at = here.context().loop().clock().wall_now();
    auto body = [&](weir::orm::transaction& tx) { return place_in(tx, placed, *in); };
    auto done = co_await rows_.db.transaction(body);
    if (!done) co_return done.error();
    const std::string location = "/api/v1/orders/" + std::to_string(done->id);
    co_return weir::created(std::move(*done), location);
}

reply<order_view> order_api::show(weir::principal who, user_path id) {
    auto body = [&](weir::orm::reader& r) -> result<order_view> {
        const auto found = r.find<order>(id);
        if (!found) return found.error();
        if (const auto allowed = own_or_all(who, found->user_id); !allowed) return allowed.error();
        auto views = with_items(r, {*found});
        if (!views) return views.error();
        return std::move(views->front());
    };
    co_return co_await rows_.db.read(body);
}

reply<page_of<order_view>> order_api::of_user(weir::principal who, user_path id, weir::query<page_query> at) {
    const std::int64_t owner = id;
    if (const auto allowed = own_or_all(who, owner); !allowed) co_return allowed.error();
    auto body = [&](weir::orm::reader& r) -> result<page_of<order_view>> {
        if (const auto there = r.find<user>(owner); !there) return there.error();
        auto found = page_in<order>(r.where<order>(col<&order::user_id> == owner), weir::newest<&order::id>, *at);
        if (!found) return found.error();
        auto views = with_items(r, found->items);
        if (!views) return views.error();
        return page_of<order_view>{std::move(*views), found->page, found->size, found->total};
    };
    co_return co_await rows_.db.read(body);
}

void order_api::mount(weir::router& api) {
    api.post("/orders", &order_api::place, *this)
        .get("/orders/{id}", &order_api::show, *this)
        .get("/users/{id}/orders", &order_api::of_user, *this);
}

} // namespace miniapp
