// SPDX-License-Identifier: MIT
#pragma once

#include "orm/sql/dialect.hpp"

namespace weir::orm {

const dialect& postgres_dialect() noexcept;

} // namespace weir::orm
