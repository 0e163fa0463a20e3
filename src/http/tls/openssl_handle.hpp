// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

namespace weir::http::detail {

template<auto Free>
struct openssl_free {
    template<class T>
    void operator()(T* one) const noexcept {
        Free(one);
    }
};

/// Owns an OpenSSL object.
template<class T, auto Free>
using openssl_handle = std::unique_ptr<T, openssl_free<Free>>;

} // namespace weir::http::detail
