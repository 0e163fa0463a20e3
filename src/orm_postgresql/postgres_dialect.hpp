// SPDX-License-Identifier: MIT
#pragma once

#include "orm/dialect.hpp"

namespace weir::orm {

const dialect& postgres_dialect() noexcept;

} // namespace weir::orm
