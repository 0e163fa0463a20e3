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

/// Numbered changes that auto_migrate can't make; each runs once per database, in order. The table `weir_migrations`
/// records applied steps with a checksum. A step and its record are one transaction, under the lock of auto_migrate. On
/// MySQL every DDL statement commits by itself: a step that fails halfway must be repaired by hand, so give it one
/// statement.
///
///     const auto steps = weir::versioned_migrations()
///         .step(1, "create todos", {"CREATE TABLE todos (...)"})
///         .step(2, "fill in owners", [](weir::transaction& tx) -> weir::result<void> { ... });
class versioned_migrations {
public:
    /// Runs on a database thread; an error rolls the step back.
    using code = std::function<result<void>(transaction&)>;

    /// Adds a step of SQL statements, run one by one. Its checksum covers its name and statements.
    versioned_migrations& step(std::int64_t number, std::string name, std::vector<std::string> statements) &;
    versioned_migrations step(std::int64_t number, std::string name, std::vector<std::string> statements) &&;
    /// Adds a step in C++. Its checksum covers only its name: rename the step if the code changes.
    versioned_migrations& step(std::int64_t number, std::string name, code run) &;
    versioned_migrations step(std::int64_t number, std::string name, code run) &&;

    /// Runs the pending steps; returns their number. Stops at a failing step; earlier ones stay applied. errc::conflict
    /// if an applied step was edited or removed, or a new one precedes it; errc::invalid_argument if numbers don't
    /// increase from 1 or more. *this must outlive the task.
    task<result<std::size_t>> apply(database& db) const;
    task<result<std::size_t>> apply(database& db, migrate_options options) const;

    /// The SQL that apply would run, for people; empty if nothing is pending. Fails like apply, and changes nothing.
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
