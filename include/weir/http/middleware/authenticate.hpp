// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>
#include <weir/security/principal.hpp>

#include <functional>
#include <string>

namespace weir::http {

/// Identifies the caller before the inner layers run; an error becomes the response (usually 401). It uses only the
/// head, so a client that waits for 100 Continue is refused before it sends its body; if `identify` reads the body,
/// clear the layer's `by_head`. Handlers can take the principal as a parameter, and `require` checks it.
///
///     api.use(authenticate([&keys](request& req) { return who(keys, req.bearer()); }));
middleware authenticate(std::function<result<principal>(request&)> identify);

/// Rejects a request without a principal (401) or without `permission` (403).
middleware require(std::string permission);

} // namespace weir::http

namespace weir {
using http::authenticate;
using http::require;
} // namespace weir
