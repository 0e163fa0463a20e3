// SPDX-License-Identifier: MIT
#pragma once

#include "orm/soci/connection.hpp"
#include "orm/sql/database_error.hpp"

#include <soci/soci.h>

#include <memory>
#include <string>
#include <system_error>

namespace weir::orm {

// Runs `open() -> result<std::unique_ptr<connection>>` for a server, and turns its failures and exceptions into
// errc::unavailable with the driver's message as the cause.
template<class F>
result<std::unique_ptr<connection>> open_connection(F open) {
    try {
        auto opened = open();
        if (!opened) return cannot_reach(std::string(opened.error().message()));
        return opened;
    } catch (const soci::soci_error& why) {
        return cannot_reach(why.get_error_message());
    } catch (const std::system_error&) {
        return no_thread();
    }
}

} // namespace weir::orm
