// SPDX-License-Identifier: MIT
#include "dev_login.hpp"

#include <weir/core/loop.hpp>
#include <weir/core/wall_now.hpp>
#include <weir/reflect/json.hpp>

namespace miniapp {

using weir::col;
using weir::errc;
using weir::error;
using weir::result;

namespace {

struct sandbox_answer {
    std::string code{};
    std::string openid{};
};
BOOST_DESCRIBE_STRUCT(sandbox_answer, (), (code, openid))

result<void> repair(weir::orm::transaction& tx, user known, const std::string& name) {
    if (known.nickname == unnamed) known.nickname = name;
    if (name == "admin") known.role = user_role::admin;
    return tx.update(known);
}

} // namespace

dev_login::dev_login(store& rows, registration& newcomers, const wechat_settings& settings)
    : rows_(rows), newcomers_(newcomers), sandbox_(settings.base_url),
      clients_([](weir::loop& home) { return std::make_unique<weir::http::client>(home); }) {}

reply<login_request> dev_login::wx_login(weir::body<dev_login_request> in) {
    const weir::executor here = co_await weir::this_task;
    weir::http::client& client = clients_.of(here.context().loop());
    const std::string address = sandbox_ + "/sandbox/code";
    const std::string wanted = weir::to_json(*in);
    const auto res = co_await client.post(address, wanted, "application/json");
    if (!res) co_return error(errc::unavailable, "the WeChat sandbox is unreachable").caused_by(res.error());
    auto fresh = weir::from_json<sandbox_answer>(res->body);
    if (!fresh) co_return error(errc::unavailable, "the WeChat sandbox returned no code").caused_by(fresh.error());
    const auto stored = co_await store_user(std::move(fresh->openid), in->user);
    if (!stored) co_return stored.error();
    login_request out{std::move(fresh->code)};
    co_return out;
}

reply<void> dev_login::store_user(std::string openid, std::string name) {
    user fresh;
    fresh.openid = openid;
    fresh.nickname = name;
    fresh.role = name == "admin" ? user_role::admin : user_role::shopper;
    fresh.created_at = co_await weir::wall_now();
    auto body = [&](weir::orm::transaction& tx) -> result<void> {
        auto known = tx.where<user>(col<&user::openid> == openid).first();
        if (!known) return known.error();
        return *known ? repair(tx, std::move(**known), name) : newcomers_.add(tx, fresh);
    };
    co_return co_await rows_.db.transaction(body);
}

void dev_login::mount(weir::router& dev) { dev.post("/wx-login", &dev_login::wx_login, *this); }

} // namespace miniapp
