// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware/authenticate.hpp>
#include <weir/http/tls.hpp>

#include <functional>

namespace weir::http {

/// Turns the client's verified certificate (`server_tls::clients`) into a principal: 401 without a certificate,
/// otherwise the error that `identify` returns.
///
///     api.use(authenticate_certificate([&](const client_certificate& its) { return device(its.common_name); }));
middleware authenticate_certificate(std::function<result<principal>(const client_certificate&)> identify);

/// Uses the certificate's common name as the subject, without permissions; 401 if it has none.
middleware authenticate_certificate();

} // namespace weir::http

namespace weir {
using http::authenticate_certificate;
} // namespace weir
