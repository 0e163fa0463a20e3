// SPDX-License-Identifier: MIT
#pragma once

#include "http/client/connection.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/client.hpp>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir::http::detail {

/// Idle connections by host, the most recently used first. So a host keeps as many as it used at once within the idle
/// timeout, after which one timer of the loop closes the others. Beyond a limit, the connection idle for longest is
/// closed.
class client_pool {
public:
    client_pool(loop& home, const client_options& options)
        : home_(home), most_(options.max_idle), most_per_host_(options.max_idle_per_host),
          timeout_(options.idle_timeout) {}
    ~client_pool() { clear(); }
    client_pool(const client_pool&) = delete;
    client_pool& operator=(const client_pool&) = delete;

    /// Returns a connection that is still open and silent, or null.
    std::unique_ptr<client_connection> take(const std::string& key);
    void put(const std::string& key, std::unique_ptr<client_connection> idle);
    void clear() noexcept;
    std::size_t size() const noexcept { return size_; }

private:
    using line = std::vector<std::unique_ptr<client_connection>>;
    using lines = std::unordered_map<std::string, line>; // no line is empty

    void sweep();
    void drop_oldest(lines::iterator host);
    lines::iterator idle_longest();

    loop& home_;
    std::size_t most_;
    std::size_t most_per_host_;
    duration timeout_;
    lines idle_;
    std::size_t size_ = 0;
    loop::timer_id sweeper_ = 0;
};

} // namespace weir::http::detail
