// SPDX-License-Identifier: MIT
#pragma once

#include <weir/cache/cache_options.hpp>
#include <weir/http/middleware.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {
class metrics;
} // namespace weir

namespace weir::http {

struct response_cache_options {
    /// How long a response is fresh that gives no time itself, by s-maxage, max-age or Expires. Zero: it isn't stored.
    duration ttl{};
    /// Request fields that responses depend on, such as accept-language; added to their Vary.
    std::vector<std::string> vary{};
    std::size_t size = 10'000;                 ///< responses
    std::size_t bytes = 64 * 1024 * 1024;      ///< of all responses and their keys
    std::size_t max_body = 1024 * 1024;        ///< bytes; a larger response isn't stored
    duration stale_while_revalidate{};         ///< see cache_options; a response's own directive counts instead
    duration stale_if_error{};                 ///< the same, for responses of 500 and above
    duration max_wait = duration::max();       ///< see cache_options
    std::string name = "weir";                 ///< in Cache-Status; a token
    const weir::clock* time = &system_clock(); ///< must outlive the cache
};

/// Responses stored by a router's cache_responses layer, as an object that can be emptied and measured. Process-wide
/// and thread-safe.
///
///     weir::response_cache shown({.ttl = 30s});
///     api.use(cache_responses(shown));
///     tx.on_commit([&] { shown.erase("/rooms/7"); });
class response_cache {
public:
    /// Throws std::invalid_argument for options out of range.
    explicit response_cache(response_cache_options options = {});
    response_cache(const response_cache&) = delete;
    response_cache& operator=(const response_cache&) = delete;
    ~response_cache();

    /// Removes all responses to a target, path and query as in the request, of every host and variant. A response that
    /// is being made isn't stored.
    void erase(std::string_view target);
    void clear();
    cache_stats stats() const;

    struct state;
    const std::shared_ptr<state>& shared() const noexcept { return state_; }

private:
    std::shared_ptr<state> state_;
};

/// Answers GET and HEAD from memory as a shared cache does (RFC 9111): with Age and Cache-Status (RFC 9211), 304, one
/// run of the handler for concurrent misses, and the last response if it fails; by scheme, host, target and the fields
/// of Vary. Never stored: responses with Set-Cookie, `private`, `no-store` or `no-cache`, partial and streamed ones,
/// and those to requests with Authorization, Cookie or a principal, unless they say `public`, `s-maxage` or
/// `must-revalidate`. A successful request by another method removes its target's responses. Place it outside of
/// `compress` and `etag`, and inside layers whose fields each response needs, such as `request_id`.
///
///     rooms.with(weir::cache_responses({.ttl = 30s, .vary = {"accept-language"}})).get("/rooms", list_rooms);
middleware cache_responses(response_cache_options options = {});
/// The same with a cache that may also be used by other routers.
middleware cache_responses(const response_cache& by);

/// Exports the cache's metrics as for a weir::cache (<weir/cache/cache_metrics.hpp>). The cache must outlive them.
void measure(metrics& to, const response_cache& of, std::string_view name);

} // namespace weir::http

namespace weir {
using http::cache_responses;
using http::response_cache;
} // namespace weir
