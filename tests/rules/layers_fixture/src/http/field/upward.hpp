// SPDX-License-Identifier: MIT
#pragma once

#include "http/message/fine.hpp"

namespace weir::http::detail {}
