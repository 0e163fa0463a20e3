// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/extract.hpp>

#include <optional>
#include <string>

namespace miniapp {

/// The key by which a client repeats a request without repeating its effect, as a handler's parameter: the field
/// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07), 1 to 255 visible ASCII characters. The draft's
/// quotes are optional and not part of the key. No value without the field; 400 for any other value and for a second
/// field.
struct idempotency_key {
    std::optional<std::string> value{};
};

} // namespace miniapp

template<>
struct weir::http::extractor<miniapp::idempotency_key> {
    static weir::result<miniapp::idempotency_key> from(weir::request& req);
};
