// SPDX-License-Identifier: MIT
#pragma once

#include "http/cellar/lost.hpp"

namespace weir::http::detail {}
