// SPDX-License-Identifier: MIT
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

error no_row(const table_info& table) { return {errc::not_found, "no such row in " + table.name}; }

} // namespace weir::orm::detail
