// SPDX-License-Identifier: MIT
#pragma once

#include "model.hpp"
#include "settings.hpp"
#include "store.hpp"
#include <weir/core/clock.hpp>
#include <weir/http/middleware.hpp>
#include <weir/http/middleware/authenticate.hpp>
#include <weir/security/jwt.hpp>
#include <weir/security/permission.hpp>

#include <string>
#include <string_view>

namespace miniapp {

inline constexpr weir::permission manage_users = "users:manage";
inline constexpr weir::permission see_all_orders = "orders:all";

/// Issues tokens and turns them into principals. A token holds only the user's id; each request reads the role from
/// the user's row, so that a deletion or a new role takes effect at once. Shared by all loops.
class identity {
public:
    identity(store& rows, const auth_settings& settings, const weir::clock& time = weir::system_clock());

    weir::result<std::string> token_of(const user& who) const;
    std::int64_t expires_in() const noexcept { return expires_in_; }

    /// Rejects a request without a valid token of an existing user (401). Attaches the `user`, and the principal
    /// whose subject is the user's id.
    weir::middleware login_required() const;

    /// Returns the openid of the token's user, for logins while WeChat is unavailable. Accepts a token for
    /// auth_settings::grace after it expired. errc::unauthenticated for an invalid token, a deleted user and a user
    /// without an openid.
    weir::task<weir::result<std::string>> openid_behind(std::string token) const;

private:
    weir::task<weir::result<user>> user_of(std::string_view token, const weir::jwt_keys& keys) const;
    weir::principal principal_of(const user& who) const;

    store& rows_;
    std::int64_t expires_in_;
    weir::jwt_keys keys_;
    weir::jwt_keys late_keys_; // accept tokens that expired within the grace
    weir::role_table roles_;
};

/// The 401 for a valid token of a deleted user.
weir::error gone_user();

/// Returns the id of the principal's user.
std::int64_t user_id(const weir::principal& who);

/// Whether the principal may see this user's orders: its own, or all of them with see_all_orders.
bool may_see_orders_of(const weir::principal& who, std::int64_t owner);

} // namespace miniapp
