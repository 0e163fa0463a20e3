// SPDX-License-Identifier: MIT
#pragma once

namespace weir {
class loop;
}

namespace weir::http {
class request;
struct response;
} // namespace weir::http

namespace weir::http::detail {}
