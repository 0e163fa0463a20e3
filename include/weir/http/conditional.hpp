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

/// What tells one state of a resource from another (RFC 9110 section 8.8).
struct validators {
    /// The entity tag with its quotes, `"abc"` or `W/"abc"`; empty where there is none.
    std::string_view etag{};
    std::optional<std::chrono::sys_seconds> last_modified{};
    /// Whether the resource has a state at all: false before a PUT that creates it.
    bool exists = true;
};

/// What a request's conditions say.
enum class precondition : std::uint8_t {
    proceed,      ///< do what was asked
    not_modified, ///< GET and HEAD: answer 304 without a body
    failed,       ///< answer 412, change nothing
};

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of RFC 9110 section
/// 13.2.2. Dates that aren't dates are ignored; a malformed tag matches nothing. Only for what would otherwise
/// be answered 2xx.
precondition evaluate(const request& req, const validators& current);

/// Whether the Range field counts: there is no If-Range, or it names the current state exactly (a strong tag, or
/// a date of modification that is over a second old). Otherwise the whole is to be sent.
bool range_applies(const request& req, const validators& current, std::chrono::sys_seconds now);

/// For handlers that change what they found: fails with 412 (`precondition_failed`) where the client's conditions
/// don't hold for the resource's tag any more, and the change would overwrite another's.
///
///     if (auto still = require_unchanged(req, etag_of(row)); !still) return still.error();
result<void> require_unchanged(const request& req, std::string_view etag);

/// A strong tag for a state that these bytes stand for: 128 bits of their SHA-256.
std::string entity_tag_of(std::string_view bytes);

} // namespace weir::http
