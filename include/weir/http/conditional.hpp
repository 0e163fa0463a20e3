// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/http/message.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http {

/// Identifies one state of a resource (RFC 9110 section 8.8).
struct validators {
    /// The entity tag with its quotes, `"abc"` or `W/"abc"`; empty for none.
    std::string_view etag{};
    std::optional<std::chrono::sys_seconds> last_modified{};
    /// Whether the resource has a state at all: false before a PUT that creates it.
    bool exists = true;
};

/// The outcome of a request's conditions.
enum class precondition : std::uint8_t {
    proceed,      ///< handle the request
    not_modified, ///< GET and HEAD: answer 304 without a body
    failed,       ///< answer 412, change nothing
};

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of RFC 9110 section
/// 13.2.2. Malformed dates are ignored; a malformed tag matches nothing. Use it only where the response would otherwise
/// be 2xx.
precondition evaluate(const request& req, const validators& current);

/// Whether the Range field applies: there is no If-Range, or it names the current state exactly (by a strong tag, or by
/// a modification date more than one second old). Otherwise the whole must be sent.
bool range_applies(const request& req, const validators& current, std::chrono::sys_seconds now);

/// Fails with 412 (`precondition_failed`) when the client's conditions no longer hold for the resource's tag, so that a
/// change would overwrite someone else's.
///
///     if (auto still = require_unchanged(req, etag_of(row)); !still) return still.error();
result<void> require_unchanged(const request& req, std::string_view etag);

/// Returns a strong tag for a state that these bytes represent: 128 bits of their SHA-256.
std::string entity_tag_of(std::string_view bytes);

} // namespace weir::http
