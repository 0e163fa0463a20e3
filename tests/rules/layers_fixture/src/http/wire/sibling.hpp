// SPDX-License-Identifier: MIT
#pragma once

#include "http/routing/fine.hpp"

namespace weir::http::detail {}
