// SPDX-License-Identifier: MIT
#pragma once

#include "redis/link/link.hpp"
#include "redis/wire/counters.hpp"
#include "redis/wire/url.hpp"
#include <weir/core/loop_local.hpp>
#include <weir/redis/client_options.hpp>
#include <weir/redis/detail/call.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace weir::detail {
class outside_work;
}

namespace weir::redis::detail {

class loop_client;

/// What the loops' parts of a client share; immutable but for `closed`.
struct client_terms {
    std::shared_ptr<const client_options> options{};
    redis_url url{};
    std::atomic<bool> closed{false};
};

/// Owns a loop's part of a client until the loop ends.
struct loop_client_holder {
    explicit loop_client_holder(std::shared_ptr<loop_client> own) noexcept : client(std::move(own)) {}
    loop_client_holder(const loop_client_holder&) = delete;
    loop_client_holder& operator=(const loop_client_holder&) = delete;
    ~loop_client_holder();

    std::shared_ptr<loop_client> client;
};

/// The process-wide part of a client. Kept alive by the tasks that use it.
struct client_core final : call_target {
    explicit client_core(client_options options);

    void submit(call& one, loop& home) noexcept override;
    /// The part that belongs to a loop. Loop thread.
    loop_client& at(loop& home) { return *parts.of(home).client; }
    void close() noexcept;
    client_stats stats() const;

    /// A loop that uses the client.
    struct user {
        loop* home = nullptr; ///< valid while `outside` accepts work
        std::shared_ptr<weir::detail::outside_work> outside{};
        std::weak_ptr<loop_client> part{};
        std::shared_ptr<counters> stats{};
    };

    const std::shared_ptr<client_terms> terms;
    const loop_local<loop_client_holder> parts;
    mutable std::mutex guard{};
    std::vector<user> users{};

private:
    std::unique_ptr<loop_client_holder> add(loop& home);
};

} // namespace weir::redis::detail
