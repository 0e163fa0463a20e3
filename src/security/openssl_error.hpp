// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/error.hpp>

#include <openssl/err.h>

#include <string>
#include <utility>

namespace weir::security {

/// Returns OpenSSL's last error on this thread and clears its error queue, so that old errors aren't attributed to the
/// next call.
inline error openssl_error(std::string what) {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return {errc::internal, std::move(what)};
    char text[160];
    ERR_error_string_n(code, text, sizeof text);
    return error(errc::internal, std::move(what)).caused_by(error(errc::unknown, text));
}

/// For calls that fail only if the machine is out of memory or entropy.
inline void require(bool done, const char* what) {
    if (!done) throw error_exception(openssl_error(what));
}

} // namespace weir::security
