// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/tls.hpp>

#include <openssl/types.h>

namespace weir::http::detail {

/// Extracts the fields of a certificate. A name that contains a NUL is omitted, since it would read as another name.
client_certificate describe(X509* certificate);

} // namespace weir::http::detail
