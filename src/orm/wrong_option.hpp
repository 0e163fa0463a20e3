// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/database.hpp>

namespace weir::orm {

// What of the options can't be kept: errc::invalid_argument with the accepted values; no error where all can.
error wrong_option(const database_options& given);

} // namespace weir::orm
