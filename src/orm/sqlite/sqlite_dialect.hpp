// SPDX-License-Identifier: MIT
#pragma once

#include "orm/sql/dialect.hpp"

namespace weir::orm {

const dialect& sqlite_dialect() noexcept;

} // namespace weir::orm
