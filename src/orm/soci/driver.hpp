// SPDX-License-Identifier: MIT
#pragma once

#include "orm/soci/cancel_sender.hpp"
#include "orm/soci/connection.hpp"
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

// The address and options of one database server.
struct server_address {
    std::string url{};          // with user and password
    duration connect_timeout{}; // an opening takes at most twice that per host of the URL
    duration statement_timeout{};
    std::string init_sql{};
    std::shared_ptr<cancel_sender> cancels{};
    std::shared_ptr<std::atomic<bool>> was_silent{}; // whether the last opening met a silent server
    logger log{};
    std::optional<bool> prepared_statements{};
};

// A database driver with a client library that not every program links: a component that defines one of the constants
// below and makes the linker keep it.
struct driver {
    // Ends early when stopped.
    result<std::unique_ptr<connection>> (*open)(const server_address& at, std::stop_token stop);
};

// The duration in whole units for a driver: 0 for no limit, otherwise 1 to `most`.
template<class Unit>
std::int64_t whole(duration time, std::int64_t most) {
    if (time == duration::max()) return 0;
    return std::clamp<std::int64_t>(std::chrono::ceil<Unit>(time).count(), 1, most);
}

// Whether the text is a server's URL rather than a file path.
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
