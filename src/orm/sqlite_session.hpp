// SPDX-License-Identifier: MIT
#pragma once

#include "orm/job_limits.hpp"
#include <weir/core/result.hpp>

#include <memory>
#include <string>

namespace weir::orm {

class soci_session;

struct sqlite_options {
    std::string path{};
    bool read_only = false; // statements that write are refused
    duration busy_timeout{};
};

// A connection to the file, ready for use. errc::unavailable when the file can't be used; the cause says why.
result<std::unique_ptr<soci_session>> open_sqlite(const sqlite_options& options, const job_limits& limits);

} // namespace weir::orm
