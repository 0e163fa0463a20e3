// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/tls.hpp>

#include <openssl/types.h>

namespace weir::http::detail {

/// What a certificate says of its owner. A name that holds a NUL is left out: it would read as another one.
client_certificate describe(X509* certificate);

} // namespace weir::http::detail
