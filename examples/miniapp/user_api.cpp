// SPDX-License-Identifier: MIT
#include "api.hpp"
#include <weir/core/wall_now.hpp>

namespace miniapp {

namespace {

weir::error unknown_user(std::int64_t id) {
    return {weir::errc::not_found, "no user has the id " + std::to_string(id)};
}

} // namespace

user_view user_api::me(const weir::request& req) const { return view(*req.find<user>()); }

reply<points_view> user_api::points(weir::principal who, user_path id) {
    const std::int64_t owner = id;
    if (!may_see_orders_of(who, owner)) co_return unknown_user(owner);
    const auto row = co_await rows_.users.where(weir::col<&user::id> == owner).first();
    if (!row) co_return row.error();
    if (!*row) co_return unknown_user(owner);
    co_return points_view{(*row)->points};
}

reply<page_of<user_view>> user_api::list(weir::query<page_query> at) {
    auto body = [&](weir::orm::reader& r) { return page_in<user>(r.rows<user>(), weir::oldest<&user::id>, *at); };
    const auto found = co_await rows_.db.read(body);
    if (!found) co_return found.error();
    page_of<user_view> out{{}, found->page, found->size, found->total};
    for (const auto& row : found->items) out.items.push_back(view(row));
    co_return out;
}

reply<user_view> user_api::show(user_path id) {
    const auto row = co_await rows_.users.find(id);
    if (!row) co_return row.error();
    co_return view(*row);
}

reply<weir::created<user_view>> user_api::create(weir::body<user_input> in) {
    user added;
    added.nickname = in->nickname;
    added.email = in->email;
    added.role = in->role.value_or(user_role::shopper);
    added.created_at = co_await weir::wall_now();
    const auto stored = co_await newcomers_.add(added);
    if (!stored) co_return stored.error();
    co_return weir::created(view(added), "/api/v1/users/" + std::to_string(added.id));
}

reply<user_view> user_api::change(user_path id, weir::body<user_input> in) {
    auto body = [&](weir::orm::transaction& tx) -> weir::result<user_view> {
        auto row = tx.find<user>(id);
        if (!row) return row.error();
        row->nickname = in->nickname;
        row->email = in->email;
        row->role = in->role.value_or(row->role);
        if (const auto stored = tx.update(*row); !stored) return stored.error();
        return view(*row);
    };
    co_return co_await rows_.db.transaction(body);
}

reply<void> user_api::remove(user_path id) { return rows_.users.erase(id); }

void user_api::mount(weir::router& api) {
    api.get("/me", &user_api::me, *this).get("/users/{id}/points", &user_api::points, *this);
    api.route("/users", [this](weir::router& users) {
        users.use(weir::require(std::string(manage_users)));
        users.get("/", &user_api::list, *this)
            .post("/", &user_api::create, *this)
            .get("/{id}", &user_api::show, *this)
            .put("/{id}", &user_api::change, *this)
            .del("/{id}", &user_api::remove, *this);
    });
}

} // namespace miniapp
