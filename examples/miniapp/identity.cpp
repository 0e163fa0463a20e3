// SPDX-License-Identifier: MIT
#include "identity.hpp"

#include <charconv>
#include <chrono>

namespace miniapp {

using weir::errc;
using weir::error;
using weir::principal;
using weir::response;
using weir::result;
using weir::task;

namespace {

weir::jwt_options token_options(const auth_settings& settings, const weir::clock& time) {
    weir::jwt_options options;
    options.issuer = "miniapp";
    options.lifetime = std::chrono::seconds(settings.expires_in);
    options.clock = &time;
    return options;
}

weir::jwt_options late_options(const auth_settings& settings, const weir::clock& time) {
    weir::jwt_options options = token_options(settings, time);
    options.leeway += settings.grace;
    return options;
}

weir::jwt_key key_of(const auth_settings& settings) { return weir::jwt_key::hs256(settings.jwt_secret).value(); }

// Returns 0, which is no user's id, if the subject is not a number.
std::int64_t id_in(std::string_view subject) {
    std::int64_t id = 0;
    std::from_chars(subject.data(), subject.data() + subject.size(), id);
    return id;
}

} // namespace

identity::identity(store& rows, const auth_settings& settings, const weir::clock& time)
    : rows_(rows), expires_in_(settings.expires_in), keys_(key_of(settings), token_options(settings, time)),
      late_keys_(key_of(settings), late_options(settings, time)), roles_{{"shopper", {}},
                                                                         {"admin", {manage_users, see_all_orders}}} {}

result<std::string> identity::token_of(const user& who) const {
    weir::jwt_claims claims;
    claims.sub = std::to_string(who.id);
    return keys_.sign(claims);
}

weir::middleware identity::login_required() const {
    return [this](weir::request& req, weir::next next) -> task<response> {
        auto who = co_await user_of(req.bearer(), keys_);
        if (!who) co_return weir::http::into_response(who.error());
        req.attach(principal_of(*who));
        req.attach(std::move(*who));
        co_return co_await next(req);
    };
}

task<result<std::string>> identity::openid_behind(std::string token) const {
    auto who = co_await user_of(token, late_keys_);
    if (!who) co_return who.error();
    if (!who->openid) co_return error(errc::unauthenticated, "this user has no WeChat account");
    co_return std::move(*who->openid);
}

task<result<user>> identity::user_of(std::string_view token, const weir::jwt_keys& keys) const {
    const auto claims = keys.verify(token);
    if (!claims) co_return claims.error();
    auto row = co_await rows_.users.find(id_in(claims->sub));
    if (!row && row.error() == errc::not_found) co_return gone_user();
    co_return row;
}

principal identity::principal_of(const user& who) const {
    const std::vector<std::string> held{who.role == user_role::admin ? "admin" : "shopper"};
    return roles_.identify(std::to_string(who.id), held);
}

error gone_user() { return error(errc::unauthenticated, "this user no longer exists"); }

std::int64_t user_id(const principal& who) { return id_in(who.subject); }

bool may_see_orders_of(const principal& who, std::int64_t owner) {
    return user_id(who) == owner || who.can(see_all_orders);
}

} // namespace miniapp
