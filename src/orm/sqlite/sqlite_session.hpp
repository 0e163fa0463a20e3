// SPDX-License-Identifier: MIT
#pragma once

#include "orm/soci/connection.hpp"
#include <weir/core/result.hpp>

#include <memory>
#include <string>

namespace weir::orm {

struct sqlite_options {
    std::string path{};
    bool read_only = false; // rejects statements that write
    duration busy_timeout{};
    std::string init_sql{};
};

// Opens the file and sets the connection up; waits for another program's lock until stopped. errc::unavailable if the
// file can't be used; the cause has the reason.
result<std::unique_ptr<connection>> open_sqlite(const sqlite_options& options, std::stop_token stop);

} // namespace weir::orm
