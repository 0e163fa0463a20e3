// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/condition.hpp>

namespace weir::orm {

// The statement with `= ANY(?)` and an array in the place of each list: whatever a list's length, it is one value, and
// the statement's text is the same. A list with a value that can't be stored stays as it is, for the driver to refuse.
fragment with_arrays(const fragment& statement);

} // namespace weir::orm
