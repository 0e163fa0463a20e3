// SPDX-License-Identifier: MIT
#include "api.hpp"
#include <weir/core/wall_now.hpp>
#include <weir/resilience/fallback_metrics.hpp>

namespace miniapp {

using weir::col;
using weir::errc;

reply<login_response> auth_api::login(const weir::request& req, weir::body<login_request> in) {
    auto openid = co_await openid_of(in->code, std::string(req.bearer()));
    if (!openid) co_return openid.error();
    auto who = co_await known_or_new(std::move(*openid));
    if (!who) co_return who.error();
    auto token = identity_.token_of(*who);
    if (!token) co_return token.error();
    login_response out{std::move(*token), identity_.expires_in(), view(*who)};
    co_return out;
}

reply<std::string> auth_api::openid_of(const std::string& code, const std::string& token) {
    auto by_wechat = [&] { return wechat_.openid_of(code); };
    auto by_token = [&](const weir::error& unavailable) -> reply<std::string> {
        auto known = co_await identity_.openid_behind(token);
        if (!known) co_return unavailable;
        co_return known;
    };
    co_return co_await wechat_fallback_.run(by_wechat, by_token);
}

reply<user> auth_api::known_or_new(std::string openid) {
    auto known = co_await rows_.users.where(col<&user::openid> == openid).first();
    if (!known) co_return known.error();
    if (*known) co_return std::move(**known);

    user added;
    added.openid = openid;
    added.nickname = unnamed;
    added.created_at = co_await weir::wall_now();
    const auto stored = co_await newcomers_.add(added);
    if (stored) co_return added;
    if (stored.error() != errc::already_exists) co_return stored.error();
    co_return co_await rows_.users.where(col<&user::openid> == openid).one(); // another first login was faster
}

void auth_api::mount(weir::router& api) { api.post("/auth/login", &auth_api::login, *this); }

void auth_api::measure(weir::metrics& to) const { weir::measure(to, wechat_fallback_, "wechat"); }

} // namespace miniapp
