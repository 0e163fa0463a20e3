// SPDX-License-Identifier: MIT
#pragma once

#include "model.hpp"
#include <weir/http/middleware/authenticate.hpp>
#include <weir/security/jwt.hpp>
#include <weir/security/permission.hpp>

#include <string>

namespace miniapp {

inline constexpr weir::permission manage_users = "users:manage";
inline constexpr weir::permission see_all_orders = "orders:all";

/// Tokens out, principals in. Shared by all loops.
class identity {
public:
    identity(const std::string& secret, std::int64_t expires_in);

    weir::result<std::string> token_of(const user& who) const;
    std::int64_t expires_in() const noexcept { return expires_in_; }

    /// 401 without a good token; the principal's subject is the user's id.
    weir::middleware login_required() const;

private:
    std::int64_t expires_in_;
    weir::jwt_keys keys_;
    weir::role_table roles_;
};

/// The user's id behind a principal.
std::int64_t user_id(const weir::principal& who);

/// 403 unless it is the principal's own thing, or the principal may see everybody's.
weir::result<void> own_or_all(const weir::principal& who, std::int64_t owner);

} // namespace miniapp
