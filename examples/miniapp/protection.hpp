// SPDX-License-Identifier: MIT
#pragma once

#include "settings.hpp"
#include <weir/http/middleware.hpp>
#include <weir/observe/log.hpp>
#include <weir/observe/metrics.hpp>
#include <weir/resilience/adaptive_limit.hpp>
#include <weir/resilience/keyed_limiter.hpp>

namespace miniapp {

/// The limits in front of the API's handlers: a rate for each address and each user, and a number of requests in flight
/// that adapts to their latency. Logins wait for WeChat and all other requests for the database, so each group has its
/// own limit. Shared by all loops; outlives the server.
class protection {
public:
    protection(const limits_settings& limits, const overload_settings& overload, const weir::logger& log);

    /// Rejects a request beyond its address's rate (429).
    weir::middleware per_address();
    /// Rejects a request beyond its user's rate (429). Mounted behind identity::login_required.
    weir::middleware per_user();
    /// Rejects logins that cannot be answered in time (503).
    weir::middleware shed_logins();
    /// Rejects other requests that cannot be answered in time (503): those about users first, orders last.
    weir::middleware shed();

    void measure(weir::metrics& to) const;

private:
    weir::keyed_bucket addresses_;
    weir::keyed_bucket users_;
    weir::adaptive_limit logins_;
    weir::adaptive_limit api_;
};

} // namespace miniapp
