// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>
#include <weir/security/principal.hpp>

#include <functional>
#include <string>

namespace weir::http {

/// Finds out who is asking, before anything further in runs; an error answers instead (usually 401). It goes by the
/// head, so that a client that waits for 100 Continue is refused before its body; where `identify` looks at the
/// body, clear `by_head` of the layer.
/// The principal is then a parameter for handlers, and what `require` looks at.
///
///     api.use(authenticate([&keys](request& req) { return who(keys, req.bearer()); }));
middleware authenticate(std::function<result<principal>(request&)> identify);

/// Lets through who has the permission: 401 for nobody, 403 for somebody else.
middleware require(std::string permission);

} // namespace weir::http

namespace weir {
using http::authenticate;
using http::require;
} // namespace weir
