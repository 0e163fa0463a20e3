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

/// Tokens out, principals in. A token says who somebody is and nothing of what they may do: that is read from
/// the user's row at each request, so that a deletion or another role counts at once. Shared by all loops.
class identity {
public:
    identity(store& rows, const auth_settings& settings, const weir::clock& time = weir::system_clock());

    weir::result<std::string> token_of(const user& who) const;
    std::int64_t expires_in() const noexcept { return expires_in_; }

    /// 401 without a good token of a user that there is. Attaches the `user` and the principal, whose subject is
    /// the user's id.
    weir::middleware login_required() const;

    /// The openid behind a token that is good, or ended no longer ago than the settings' grace: for logins while WeChat
    /// is away. The same errors.
    weir::task<weir::result<std::string>> openid_behind(std::string token) const;

private:
    weir::task<weir::result<user>> user_of(std::string_view token, const weir::jwt_keys& keys) const;
    weir::principal principal_of(const user& who) const;

    store& rows_;
    std::int64_t expires_in_;
    weir::jwt_keys keys_;
    weir::jwt_keys late_keys_; // which take tokens that ended within the grace
    weir::role_table roles_;
};

/// The 401 for a good token whose user is gone.
weir::error gone_user();

/// The user's id behind a principal.
std::int64_t user_id(const weir::principal& who);

/// 403 unless it is the principal's own thing, or the principal may see everybody's.
weir::result<void> own_or_all(const weir::principal& who, std::int64_t owner);

} // namespace miniapp
