// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/cached.hpp>
#include <weir/http/message.hpp>
#include <weir/http/middleware/cache_responses.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http::detail {

/// A response as it is stored, or what is known instead of one.
struct stored_response {
    enum class kind : std::uint8_t {
        response,
        uncacheable, ///< each request is answered by its own run of the handler
        other_key,   ///< the response depends on further fields of the request
    };

    kind is = kind::response;
    int status = 200;
    header_list headers{};
    std::string body{};
    std::chrono::seconds ttl{};
    bool for_all = false; ///< explicitly shared, also with requests that carry credentials

    std::size_t bytes() const noexcept { return sizeof(stored_response) + headers.lines().size() + body.size(); }
};

using loaded_response = loaded_value<stored_response>;

/// What the cache does with a response.
struct storing {
    loaded_response value{};         ///< null: the response can't be shared, now
    std::vector<std::string> vary{}; ///< lower-case names of request fields
};

/// Decides whether a shared cache may keep the response (RFC 9111 section 3), for how long, and makes its copy. With
/// `credentials`, only if the response allows it explicitly. A response that will hardly be cacheable next time is
/// stored as kind::uncacheable.
storing to_store(const response& made, bool credentials, const response_cache_options& options, wall_time now);

/// Whether responses to the request may be its sender's own: it has Authorization, Cookie or a principal.
bool has_credentials(const request& req);

/// Makes the answer from a stored response: with its Age, or 304 or 412 if the request's conditions say so.
response answer_from(const stored_response& stored, const request& req, duration age);

/// `"; ttl="` and the seconds left, negative if it is stale.
std::string ttl_left(const stored_response& stored, duration age);

} // namespace weir::http::detail
