// SPDX-License-Identifier: MIT
#pragma once

#include "orm/sql/dialect.hpp"

namespace weir::orm {

// How to read a database's catalog. Each query has one question mark, for the table's name.
struct catalog_queries {
    const char* columns = nullptr; // the members of present_column, the type as the catalog has it
    const char* indexes = nullptr;
    const char* constraints = nullptr;
    std::string (*ddl_type)(std::string type) = nullptr; // turns the catalog's type into that of dialect::storage
};

// A dialect whose tables are found by queries on a catalog.
class catalog_dialect : public dialect {
public:
    explicit catalog_dialect(const catalog_queries& queries) noexcept : queries_(queries) {}

    result<std::vector<present_column>> columns_of(session& s, const table_info& table) const override;
    result<std::vector<std::string>> indexes_of(session& s, const table_info& table) const override;
    result<std::vector<std::string>> constraints_of(session& s, const table_info& table) const override;

private:
    const catalog_queries& queries_;
};

} // namespace weir::orm
