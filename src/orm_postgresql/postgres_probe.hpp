// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>

#include <stop_token>
#include <string>

namespace weir::orm {

// Connects to a server, asks it for nothing, and leaves, all of it within the limit and until stopped.
// errc::unavailable; the message says why.
result<void> probe_postgres(const std::string& url, duration limit, const std::stop_token& stop);

} // namespace weir::orm
