// SPDX-License-Identifier: MIT
#pragma once

#include "core/remote_wait.hpp"
#include "mqtt/session.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <optional>

namespace weir::mqtt::detail {

/// A call that waits for the client's loop. Guarded by the core's mutex. It may outlive its caller, who has then left.
struct pending {
    std::shared_ptr<weir::detail::remote_wait> task{};
    std::optional<error> outcome{};
    bool left = false; ///< the caller doesn't wait any more
};

/// A message that waits for the connection or for its acknowledgement.
struct pending_publish : pending {
    outgoing message{}; ///< moved out when it is sent
    std::size_t size = 0;
    bool sent = false;
    bool counted = false;                                          ///< against the queue
    std::list<std::shared_ptr<pending_publish>>::iterator place{}; ///< among the waiting ones, unless it was sent
};

} // namespace weir::mqtt::detail
