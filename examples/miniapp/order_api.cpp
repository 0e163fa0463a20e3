// SPDX-License-Identifier: MIT
#include "api.hpp"
#include <weir/core/wall_now.hpp>

#include <algorithm>

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

// The error for a missing row and for one that the caller may not see, so that a client learns nothing about ids.
error unknown(const std::string& what, std::int64_t id) {
    return error(errc::not_found, "no " + what + " has the id " + std::to_string(id));
}

error key_reused() {
    const std::string message = "this key belongs to an order with other items";
    return error(errc::validation_failed, message)
        .with_code("idempotency_key_reused")
        .with_detail({"Idempotency-Key", "reused", message});
}

// Locks the user's row, so that the user's orders are placed one after the other. errc::unauthenticated if the user was
// deleted after the token was checked.
result<void> lock_buyer(weir::orm::transaction& tx, std::int64_t user_id) {
    const auto buyer = tx.where<user>(col<&user::id> == user_id).for_update().first();
    if (!buyer) return buyer.error();
    if (!*buyer) return gone_user();
    return weir::ok();
}

// Checks and takes the stock in one statement, so that nothing is sold twice.
result<order_line> take(weir::orm::transaction& tx, std::size_t item, const order_item_input& wanted) {
    auto found = tx.find<product>(wanted.product_id);
    if (!found) {
        if (found.error() == errc::not_found) return unknown_product(item, wanted.product_id);
        return found.error();
    }
    const auto taken = tx.repo<product>().update_where(
        col<&product::id> == wanted.product_id && col<&product::stock> >= wanted.quantity,
        (col<&product::stock>) -= wanted.quantity);
    if (!taken) return taken.error();
    if (*taken == 0) return out_of_stock(item, *found);
    return order_line{0, 0, wanted.product_id, wanted.quantity, found->price_cents};
}

result<order_view> place_new(weir::orm::transaction& tx, order placed, const order_input& wanted) {
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

bool same_items(const std::vector<order_item_view>& placed, const std::vector<order_item_input>& wanted) {
    return std::ranges::equal(placed, wanted, [](const auto& a, const auto& b) {
        return a.product_id == b.product_id && a.quantity == b.quantity;
    });
}

// Answers the earlier order of the same key if it has the wanted items.
result<order_view> place_again(weir::orm::transaction& tx, const order& earlier, const order_input& wanted) {
    auto views = with_items(tx, {earlier});
    if (!views) return views.error();
    if (!same_items(views->front().items, wanted.items)) return key_reused();
    return std::move(views->front());
}

result<order_view> place_once(weir::orm::transaction& tx, const order& placed, const order_input& wanted) {
    if (const auto buyer = lock_buyer(tx, placed.user_id); !buyer) return buyer.error();
    if (!placed.idempotency_key) return place_new(tx, placed, wanted);
    const auto earlier =
        tx.where<order>(
              col<&order::user_id> == placed.user_id && col<&order::idempotency_key> == *placed.idempotency_key)
            .first();
    if (!earlier) return earlier.error();
    return *earlier ? place_again(tx, **earlier, wanted) : place_new(tx, placed, wanted);
}

} // namespace

reply<weir::created<order_view>> order_api::place(weir::principal who, idempotency_key key,
                                                  weir::body<order_input> in) {
    order placed;
    placed.user_id = user_id(who);
    placed.idempotency_key = std::move(key.value);
    placed.created_at = co_await weir::wall_now();
    auto body = [&](weir::orm::transaction& tx) { return place_once(tx, placed, *in); };
    auto done = co_await rows_.db.transaction(body);
    if (!done) co_return done.error();
    const std::string location = "/api/v1/orders/" + std::to_string(done->id);
    co_return weir::created(std::move(*done), location);
}

reply<order_view> order_api::show(weir::principal who, user_path id) {
    auto body = [&](weir::orm::reader& r) -> result<order_view> {
        const auto found = r.find<order>(id);
        if (!found && found.error() != errc::not_found) return found.error();
        if (!found || !may_see_orders_of(who, found->user_id)) return unknown("order", id);
        auto views = with_items(r, {*found});
        if (!views) return views.error();
        return std::move(views->front());
    };
    co_return co_await rows_.db.read(body);
}

reply<page_of<order_view>> order_api::of_user(weir::principal who, user_path id, weir::query<page_query> at) {
    const std::int64_t owner = id;
    if (!may_see_orders_of(who, owner)) co_return unknown("user", owner);
    auto body = [&](weir::orm::reader& r) -> result<page_of<order_view>> {
        const auto known = r.where<user>(col<&user::id> == owner).exists();
        if (!known) return known.error();
        if (!*known) return unknown("user", owner);
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
