// SPDX-License-Identifier: MIT
#pragma once

namespace weir::http::detail {}
