// SPDX-License-Identifier: MIT
#include <weir/security/crypto.hpp>

#include <stdexcept>

void use_security();

void use_security() {
    const auto digest = weir::security::sha256("abc");
    if (weir::security::hex_encode(weir::security::bytes_of(digest)).substr(0, 8) != "ba7816bf")
        throw std::runtime_error("security: SHA-256 of abc is wrong");
}
