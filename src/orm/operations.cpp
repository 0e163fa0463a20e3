// SPDX-License-Identifier: MIT
#include "orm/dialect.hpp"
#include <weir/orm/operations.hpp>

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

} // namespace

error row_not_found(const table_info& table, argument key) {
    return {errc::not_found, table.name + " " + key_text(key) + " not found"};
}

fragment select_for_update(const session& s, const table_info& table, const selection& wanted, if_locked how) {
    fragment made = select_rows(table, wanted);
    made.append(s.dialect().lock_clause(how));
    return made;
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
    if (!key.type->store(key.data, s.last_key())) return error(errc::internal, "a key is out of its member's range");
    return ok();
}

error no_row(const table_info& table) { return {errc::not_found, "no such row in " + table.name}; }

} // namespace weir::orm::detail
