// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware/authenticate.hpp>
#include <weir/http/tls.hpp>

#include <functional>

namespace weir::http {

/// Makes a principal of the client's verified certificate (`server_tls::clients`): 401 where there is none, and
/// whatever `identify` refuses with.
///
///     api.use(authenticate_certificate([&](const client_certificate& its) { return device(its.common_name); }));
middleware authenticate_certificate(std::function<result<principal>(const client_certificate&)> identify);

/// The same with the certificate's common name as the subject, without permissions; 401 where it has none.
middleware authenticate_certificate();

} // namespace weir::http

namespace weir {
using http::authenticate_certificate;
} // namespace weir
