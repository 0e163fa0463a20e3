// SPDX-License-Identifier: MIT
#include "identity.hpp"

#include <charconv>
#include <chrono>

namespace miniapp {

using weir::errc;
using weir::error;
using weir::principal;
using weir::result;

namespace {

weir::jwt_options token_options(std::int64_t expires_in) {
    weir::jwt_options options;
    options.issuer = "miniapp";
    options.lifetime = std::chrono::seconds(expires_in);
    return options;
}

} // namespace

identity::identity(const std::string& secret, std::int64_t expires_in)
    : expires_in_(expires_in),
      keys_(weir::jwt_key::hs256(secret).value(), token_options(expires_in)), roles_{{"shopper", {}},
                                                                                     {"admin",
                                                                                      {manage_users, see_all_orders}}} {
}

result<std::string> identity::token_of(const user& who) const {
    weir::jwt_claims claims;
    claims.sub = std::to_string(who.id);
    claims.roles.emplace_back(who.role == user_role::admin ? "admin" : "shopper");
    return keys_.sign(claims);
}

weir::middleware identity::login_required() const {
    return weir::authenticate([this](weir::request& req) -> result<principal> {
        auto claims = keys_.verify(req.bearer());
        if (!claims) return claims.error();
        return roles_.identify(std::move(claims->sub), claims->roles);
    });
}

std::int64_t user_id(const principal& who) {
    std::int64_t id = 0;
    std::from_chars(who.subject.data(), who.subject.data() + who.subject.size(), id);
    return id;
}

result<void> own_or_all(const principal& who, std::int64_t owner) {
    if (user_id(who) == owner || who.can(see_all_orders)) return weir::ok();
    return error(errc::permission_denied, "this belongs to somebody else");
}

} // namespace miniapp
