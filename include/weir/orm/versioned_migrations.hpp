// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/task.hpp>
#include <weir/orm/migrate.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weir::orm {

class database;
class transaction;

/// Changes of a database that auto_migrate doesn't make, as numbered steps that run once each, in order, in every
/// database. What ran is recorded in the table `weir_migrations` with a checksum. Each step is a transaction with
/// its record, behind the lock that auto_migrate takes. On MySQL every DDL statement commits by itself: a step that
/// fails midway there has to be mended by hand, so give it one statement.
///
///     const auto steps = weir::versioned_migrations()
///         .step(1, "create todos", {"CREATE TABLE todos (...)"})
///         .step(2, "fill in owners", [](weir::transaction& tx) -> weir::result<void> { ... });
class versioned_migrations {
public:
    /// Runs on a database thread; an error takes the step back.
    using code = std::function<result<void>(transaction&)>;

    /// A step of SQL statements, run one by one. Its checksum is that of its name and statements.
    versioned_migrations& step(std::int64_t number, std::string name, std::vector<std::string> statements) &;
    versioned_migrations step(std::int64_t number, std::string name, std::vector<std::string> statements) &&;
    /// A step in C++. Its checksum is that of its name, since code has none: rename it when it changes.
    versioned_migrations& step(std::int64_t number, std::string name, code run) &;
    versioned_migrations step(std::int64_t number, std::string name, code run) &&;

    /// Runs what hasn't run yet; how many steps. A step that fails ends it; those before it stay.
    /// errc::conflict when a step that was applied was edited or is gone, or a new one comes before it;
    /// errc::invalid_argument when numbers don't rise from 1 or more. Has to outlive the task.
    task<result<std::size_t>> apply(database& db) const;
    task<result<std::size_t>> apply(database& db, migrate_options options) const;

    /// What apply would run, as text to read; empty when there is nothing. Fails as apply would, and changes nothing.
    task<result<std::string>> plan(database& db) const;

    struct one_step {
        std::int64_t number = 0;
        std::string name{};
        std::vector<std::string> statements{};
        code run{};
    };

private:
    std::vector<one_step> steps_;
};

} // namespace weir::orm

namespace weir {

using orm::versioned_migrations;

} // namespace weir
