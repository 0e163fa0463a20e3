// SPDX-License-Identifier: MIT
#pragma once

namespace weir::http::detail {
struct fine {};
} // namespace weir::http::detail

namespace weir::http {
struct exposed {};
} // namespace weir::http
