// SPDX-License-Identifier: MIT
#pragma once

#include "settings.hpp"
#include <weir/http/middleware.hpp>
#include <weir/observe/log.hpp>
#include <weir/observe/metrics.hpp>
#include <weir/resilience/adaptive_limit.hpp>
#include <weir/resilience/keyed_limiter.hpp>

namespace miniapp {

/// What stands before the API's handlers: a rate for each address and each user, and how many requests run at once,
/// found from their latency. Logins wait for WeChat and the rest for the database, so each has a limit of its own.
/// Shared by all loops; outlives the server.
class protection {
public:
    protection(const limits_settings& limits, const overload_settings& overload, const weir::logger& log);

    /// 429 for an address that asks too often.
    weir::middleware per_address();
    /// 429 for a user who asks too often. Belongs behind the login.
    weir::middleware per_user();
    /// 503 for logins that can't be answered in time.
    weir::middleware shed_logins();
    /// 503 for other requests that can't be answered in time: what concerns users first, orders last.
    weir::middleware shed();

    void measure(weir::metrics& to) const;

private:
    weir::keyed_bucket addresses_;
    weir::keyed_bucket users_;
    weir::adaptive_limit logins_;
    weir::adaptive_limit api_;
};

} // namespace miniapp
