// SPDX-License-Identifier: MIT
#pragma once

#include "http/client_connection.hpp"
#include <weir/core/loop.hpp>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir::http {

/// Idle connections by host, the one used last first. One timer of the loop closes those past their time.
class client_pool {
public:
    client_pool(loop& home, std::size_t most_per_host, duration idle_timeout)
        : home_(home), most_(most_per_host), timeout_(idle_timeout) {}
    ~client_pool() { clear(); }
    client_pool(const client_pool&) = delete;
    client_pool& operator=(const client_pool&) = delete;

    /// A connection that is still open and silent, or null.
    std::unique_ptr<client_connection> take(const std::string& key);
    void put(const std::string& key, std::unique_ptr<client_connection> idle);
    void clear() noexcept;
    std::size_t size() const noexcept;

private:
    using line = std::vector<std::unique_ptr<client_connection>>;

    void sweep();

    loop& home_;
    std::size_t most_;
    duration timeout_;
    std::unordered_map<std::string, line> idle_;
    loop::timer_id sweeper_ = 0;
};

} // namespace weir::http
