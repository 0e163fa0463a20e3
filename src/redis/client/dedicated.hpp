// SPDX-License-Identifier: MIT
#pragma once

#include "redis/client/loop_client.hpp"
#include <weir/redis/detail/perform.hpp>

#include <memory>
#include <string_view>

namespace weir::redis::detail {

/// A connection with one user, who shares the pointer's target; its last copy returns the connection.
result<shared_target> take_dedicated(loop_client& from, std::string_view key);

} // namespace weir::redis::detail
