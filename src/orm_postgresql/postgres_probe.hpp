// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>

#include <stop_token>
#include <string>

namespace weir::orm {

// Connects to a server, runs a trivial query and disconnects, within the limit and until stopped. errc::unavailable
// with the reason as its message.
result<void> probe_postgres(const std::string& url, duration limit, const std::stop_token& stop);

} // namespace weir::orm
