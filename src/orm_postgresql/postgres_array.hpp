// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/query/condition.hpp>

namespace weir::orm {

// The statement with `= ANY(?)` and one array instead of each list, so that its SQL doesn't depend on the list's
// length. A list with a value that can't be stored stays unchanged, for the driver to reject.
fragment with_arrays(const fragment& statement);

} // namespace weir::orm
