// SPDX-License-Identifier: MIT
#include "orm/sql/dialect.hpp"
#include <weir/orm/detail/operations.hpp>

namespace weir::orm::detail {

namespace {

std::string key_text(argument key) {
    std::int64_t number = 0;
    std::string text;
    switch (key.type->kind) {
    case column_kind::text:
        return *static_cast<const std::string*>(key.data);
    case column_kind::time:
    case column_kind::enumeration:
        key.type->print(key.data, text);
        return text;
    case column_kind::real:
        return std::to_string(*static_cast<const double*>(key.data));
    case column_kind::integer:
    case column_kind::boolean:
        key.type->load(key.data, number);
        return std::to_string(number);
    }
    return text;
}

std::vector<argument> without_key(const table_info& table, std::span<const argument> row) {
    std::vector<argument> rest;
    rest.reserve(row.size()); // one extra: an update appends the key
    for (std::size_t i = 0; i < row.size(); ++i)
        if (i != table.key) rest.push_back(row[i]);
    return rest;
}

} // namespace

error row_not_found(const table_info& table, argument key) {
    return {errc::not_found, table.name + " " + key_text(key) + " not found"};
}

fragment select_for_update(const session& s, const table_info& table, const selection& wanted, if_locked how) {
    fragment made = select_rows(s, table, wanted);
    made.append(s.dialect().lock_clause(how));
    return made;
}

namespace {

// A statement in the session's dialect.
class dialect_statement {
public:
    dialect_statement(const session& s, const fragment& given)
        : made_(given.has_lists ? s.dialect().with_lists(given) : fragment()),
          statement_(given.has_lists ? made_ : given), in_(bound(statement_.values)) {}

    std::string_view sql() const noexcept { return statement_.sql; }
    std::span<const argument> in() const noexcept { return in_; }

private:
    const fragment made_;
    const fragment& statement_;
    const std::vector<argument> in_;
};

} // namespace

error select_into(session& s, const fragment& query, std::span<const target> out, row_sink& sink, std::size_t most) {
    const dialect_statement asked(s, query);
    auto got = s.select(asked.sql(), asked.in(), out, sink, most);
    return got ? error() : got.error();
}

result<std::size_t> stream_into(session& s, const fragment& query, std::span<const target> out, row_sink& sink) {
    const dialect_statement asked(s, query);
    return s.stream(asked.sql(), asked.in(), out, sink);
}

result<std::size_t> execute(session& s, const fragment& statement) {
    const dialect_statement asked(s, statement);
    return s.execute(asked.sql(), asked.in());
}

error find_row(session& s, const table_info& table, argument key, std::span<const target> out) {
    keep_in_place sink;
    auto got = s.select(table.find, std::span(&key, 1), out, sink, 1);
    if (!got) return got.error();
    return *got == 0 ? row_not_found(table, key) : error();
}

result<void> insert_row(session& s, const table_info& table, std::span<const argument> row, const target& key,
                        bool new_key) {
    if (auto fits = check_values(table, row); !fits) return fits;
    if (new_key) return insert_new(s, table, without_key(table, row), key);
    auto done = insert_given(s, table, table.insert, row);
    if (!done) return done.error();
    return ok();
}

result<std::size_t> insert_given(session& s, const table_info& table, std::string_view sql,
                                 std::span<const argument> in) {
    const std::string past = table.generated_key ? s.dialect().insert_past_identity(table, sql) : std::string();
    if (past.empty()) return s.execute(sql, in);
    std::int64_t stored = 0;
    std::optional<std::int64_t> identity;
    const target out[] = {
        {&column_type_of<std::int64_t>, &stored}, {&column_type_of<std::optional<std::int64_t>>, &identity}};
    keep_in_place sink;
    if (auto done = s.select(past, in, out, sink); !done) return done.error();
    return static_cast<std::size_t>(stored);
}

result<void> update_row(session& s, const table_info& table, std::span<const argument> row) {
    if (auto fits = check_values(table, row); !fits) return fits;
    auto in = without_key(table, row);
    in.push_back(row[table.key]);
    return change_row(s, table, table.update, in);
}

result<void> change_row(session& s, const table_info& table, std::string_view sql, std::span<const argument> in) {
    auto done = s.execute(sql, in);
    if (!done) return done.error();
    if (*done == 0) return row_not_found(table, in.back());
    return ok();
}

result<std::size_t> change_rows(session& s, const fragment& statement, bool unconditional) {
    if (unconditional)
        return error(errc::invalid_argument, "moved-from condition: it would change every row of the table");
    return execute(s, statement);
}

result<std::size_t> update_where(session& s, const table_info& table, std::span<const change> changes,
                                 const fragment& where) {
    for (const change& one : changes)
        if (auto fits = check_value(column_named(table, one.column), one.operand.bound()); !fits) return fits.error();
    return change_rows(s, update_rows(s.dialect(), table, changes, where), where.sql.empty());
}

result<void> insert_new(session& s, const table_info& table, std::span<const argument> rest, const target& key) {
    return insert_with_key(s, table.insert_keyless, table.insert_new, rest, key);
}

result<void> insert_with_key(session& s, std::string_view plain, std::string_view returning,
                             std::span<const argument> rest, const target& key) {
    if (s.dialect().returns_keys()) {
        keep_in_place sink;
        auto done = s.select(returning, rest, std::span(&key, 1), sink);
        if (!done) return done.error();
        return ok();
    }
    auto done = s.execute(plain, rest);
    if (!done) return done.error();
    if (!key.type->store(key.data, s.last_key())) return error(errc::internal, "a key is out of range for its member");
    return ok();
}

result<void> mark_rows(session& s) {
    if (auto done = s.execute("SAVEPOINT weir_rows", {}); !done) return done.error();
    return ok();
}

// Fails harmlessly if the transaction is already lost: then everything is rolled back.
void take_back_rows(session& s) {
    (void)s.execute("ROLLBACK TO SAVEPOINT weir_rows", {});
    (void)keep_rows(s);
}

result<void> keep_rows(session& s) {
    if (auto done = s.execute("RELEASE SAVEPOINT weir_rows", {}); !done) return done.error();
    return ok();
}

error no_row(const table_info& table) { return {errc::not_found, "no such row in " + table.name}; }

} // namespace weir::orm::detail
