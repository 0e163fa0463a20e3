// SPDX-License-Identifier: MIT
#pragma once

#include "orm/cancel_sender.hpp"
#include "orm/connection.hpp"
#include <weir/observe/log.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace weir::orm {

// How to reach one node of a database that is another process.
struct server_address {
    std::string url{};          // with user and password
    duration connect_timeout{}; // what is opened is ready within twice that, for each host of the URL
    duration statement_timeout{};
    std::string init_sql{};
    std::shared_ptr<cancel_sender> cancels{};
    std::shared_ptr<std::atomic<bool>> fell_silent{}; // when a connection was opened last
    logger log{};
    std::optional<bool> prepared_statements{};
};

// A database whose client library not everybody has: a component of its own, which defines one of the drivers below
// and has the linker keep it.
struct driver {
    // Ends early when stopped.
    result<std::unique_ptr<connection>> (*open)(const server_address& at, std::stop_token stop);
};

// The time in whole units as drivers take it: 0 for no limit, otherwise from 1 to the most that this one takes.
template<class Unit>
std::int64_t whole(duration time, std::int64_t most) {
    if (time == duration::max()) return 0;
    return std::clamp<std::int64_t>(std::chrono::ceil<Unit>(time).count(), 1, most);
}

// Whether the text is a server's URL rather than the path of a file.
bool is_server_url(std::string_view text);

// The driver for the URL's scheme; errc::invalid_argument names the component that isn't linked.
result<driver> driver_of(std::string_view url);

// The URL for logs and messages: without user, password and options.
std::string without_secrets(std::string_view url);

} // namespace weir::orm

extern "C" {
extern const weir::orm::driver weir_orm_postgresql;
extern const weir::orm::driver weir_orm_mysql;
}
