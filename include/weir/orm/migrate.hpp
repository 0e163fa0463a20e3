// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/session.hpp>
#include <weir/orm/table.hpp>

#include <string>
#include <vector>

namespace weir::orm {

/// The statements that bring the table up to its struct: the table and its indexes where they are missing,
/// columns it lacks. Nothing is ever dropped or narrowed; empty when all is there.
result<std::vector<std::string>> plan_migration(session& s, const table_info& table);

/// Plans and applies in one transaction, so that two programs starting together don't collide.
result<void> migrate(session& s, const table_info& table);

} // namespace weir::orm
