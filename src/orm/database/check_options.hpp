// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/database.hpp>

namespace weir::orm {

// Validates the options; errc::invalid_argument names the first bad one with its accepted values.
error check_options(const database_options& given);

} // namespace weir::orm
