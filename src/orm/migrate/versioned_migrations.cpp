// SPDX-License-Identifier: MIT
#include "orm/migrate/schema_lock.hpp"
#include "orm/sql/dialect.hpp"
#include <weir/core/loop.hpp>
#include <weir/orm/database.hpp>
#include <weir/orm/migrate.hpp>
#include <weir/orm/versioned_migrations.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace weir::orm {

namespace {

// The record of an applied step.
struct applied_step {
    std::int64_t number{};
    std::string name{};
    std::string checksum{};
    wall_time applied_at{};
};
BOOST_DESCRIBE_STRUCT(applied_step, (), (number, name, checksum, applied_at))

} // namespace

} // namespace weir::orm

template<>
inline constexpr auto weir::schema<weir::orm::applied_step> =
    weir::table("weir_migrations").key(&weir::orm::applied_step::number, weir::assigned);

namespace weir::orm {

namespace {

using steps = std::vector<versioned_migrations::one_step>;
using step = versioned_migrations::one_step;

// Detects edits of an applied step; no protection against forgery.
std::string checksum_of(const step& of) {
    std::uint64_t hash = 14695981039346656037U; // FNV-1a
    const auto add = [&hash](std::string_view text) {
        for (const char character : text) hash = (hash ^ static_cast<unsigned char>(character)) * 1099511628211U;
        hash = (hash ^ 0xffU) * 1099511628211U; // a terminator that can't occur in UTF-8
    };
    add(of.name);
    for (const auto& statement : of.statements) add(statement);
    return fmt::format("{:016x}", hash);
}

std::string title(const auto& of) { return fmt::format("migration {} ({})", of.number, of.name); }

result<void> check_numbers(const steps& all) {
    std::int64_t last = 0;
    for (const auto& one : all) {
        if (one.number <= last)
            return error(errc::invalid_argument, title(one) + fmt::format(" must have a number above {}", last));
        last = one.number;
    }
    return ok();
}

result<void> check_history(const steps& all, const std::vector<applied_step>& applied) {
    for (const auto& past : applied) {
        const auto found = std::ranges::find(all, past.number, &step::number);
        if (found == all.end())
            return error(errc::conflict, title(past) + " was applied to this database but is missing from the program");
        if (checksum_of(*found) != past.checksum)
            return error(errc::conflict, title(past) + " was edited after it was applied: add a new migration instead");
    }
    // every applied step exists, in ascending order
    for (std::size_t i = 0; i < applied.size(); ++i)
        if (all[i].number != applied[i].number)
            return error(errc::conflict, title(all[i]) + " precedes an applied migration: give it a higher number");
    return ok();
}

result<std::vector<applied_step>> history(session& s) {
    const auto& table = table_of<applied_step>();
    const auto columns = s.dialect().columns_of(s, table);
    if (!columns) return columns.error();
    if (columns->empty()) return std::vector<applied_step>();
    return detail::query_rows<applied_step>(s, fragment{table.select + " ORDER BY number", {}});
}

// The steps that haven't run.
result<std::span<const step>> pending(session& s, const steps& all) {
    if (auto sound = check_numbers(all); !sound) return sound.error();
    const auto applied = history(s);
    if (!applied) return applied.error();
    if (auto sound = check_history(all, *applied); !sound) return sound.error();
    return std::span(all).subspan(applied->size());
}

result<void> run_step(session& s, const step& one, wall_time now) {
    for (const auto& statement : one.statements)
        if (auto done = s.execute(statement, {}); !done) return done.error();
    if (one.run) {
        transaction tx(s);
        if (auto done = one.run(tx); !done) return done;
    }
    applied_step record;
    record.number = one.number;
    record.name = one.name;
    record.checksum = checksum_of(one);
    record.applied_at = now;
    return detail::insert(s, record);
}

// Runs the next step. Returns the number of steps left before it; 0 if there was none.
result<std::size_t> run_next(session& s, const steps& all, wall_time now, migrate_options options) {
    if (auto sound = check_numbers(all); !sound) return sound.error();
    const auto tables = detail::tables_of<applied_step>();
    if (auto made = migrate(s, tables, options); !made) return made.error();
    return with_schema_locked(s, options, [&]() -> result<std::size_t> {
        const auto left = pending(s, all);
        if (!left) return left.error();
        if (left->empty()) return std::size_t{0};
        const step& next = left->front();
        if (auto done = run_step(s, next, now); !done)
            return error(done.error().kind(), title(next) + " failed").caused_by(done.error());
        return left->size();
    });
}

std::string plan_text(std::span<const step> left) {
    std::string text;
    for (const auto& one : left) {
        text += "-- " + title(one) + (one.run ? ": runs code\n" : "\n");
        for (const auto& statement : one.statements) text.append(statement).append(";\n");
    }
    return text;
}

} // namespace

versioned_migrations& versioned_migrations::step(std::int64_t number, std::string name,
                                                 std::vector<std::string> statements) & {
    steps_.push_back({number, std::move(name), std::move(statements), {}});
    return *this;
}

versioned_migrations versioned_migrations::step(std::int64_t number, std::string name,
                                                std::vector<std::string> statements) && {
    return std::move(step(number, std::move(name), std::move(statements)));
}

versioned_migrations& versioned_migrations::step(std::int64_t number, std::string name, code run) & {
    steps_.push_back({number, std::move(name), {}, std::move(run)});
    return *this;
}

versioned_migrations versioned_migrations::step(std::int64_t number, std::string name, code run) && {
    return std::move(step(number, std::move(name), std::move(run)));
}

task<result<std::size_t>> versioned_migrations::apply(database& db) const { return apply(db, migrate_options()); }

// One job per step, so that a long step delays other calls no longer than necessary.
task<result<std::size_t>> versioned_migrations::apply(database& db, migrate_options options) const {
    const weir::clock& time = (co_await this_task).context().loop().clock();
    for (std::size_t ran = 0;; ++ran) {
        auto job = [this, options, now = time.wall_now()](session& s) { return run_next(s, steps_, now, options); };
        const auto left = co_await db.perform<std::size_t>(access::write, job);
        if (!left) co_return left.error();
        if (*left <= 1) co_return ran + *left;
    }
}

task<result<std::string>> versioned_migrations::plan(database& db) const {
    auto job = [this](session& s) -> result<std::string> {
        const auto left = pending(s, steps_);
        if (!left) return left.error();
        return plan_text(*left);
    };
    co_return co_await db.perform<std::string>(access::read, job);
}

} // namespace weir::orm
