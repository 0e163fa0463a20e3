// SPDX-License-Identifier: MIT
#pragma once

#include "orm/connection.hpp"
#include <weir/core/result.hpp>

#include <memory>
#include <string>

namespace weir::orm {

struct sqlite_options {
    std::string path{};
    bool read_only = false; // statements that write are refused
    duration busy_timeout{};
    std::string init_sql{};
};

// A connection to the file, ready for use; waits for another program's lock until stopped. errc::unavailable when the
// file can't be used; the cause says why.
result<std::unique_ptr<connection>> open_sqlite(const sqlite_options& options, std::stop_token stop);

} // namespace weir::orm
