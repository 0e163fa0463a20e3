// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/middleware.hpp>
#include <weir/resilience/keyed_limiter.hpp>
#include <weir/resilience/keyed_rate_limiter.hpp>
#include <weir/resilience/token_bucket.hpp>
#include <weir/resilience/window_limiter.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir::http {

/// The key by which a limit groups requests: a function of the request that returns a string, or a string_view into the
/// request. To write the key into a given buffer, the function takes a second parameter, std::string&. Without a
/// function, all requests count together.
class rate_key {
public:
    rate_key() = default;

    template<class F>
        requires(!std::same_as<std::remove_cvref_t<F>, rate_key>)
    rate_key(F f) {
        if constexpr (std::is_invocable_r_v<std::string_view, F&, const request&, std::string&>)
            find_ = std::move(f);
        else if constexpr (std::is_same_v<std::invoke_result_t<F&, const request&>, std::string>)
            find_ = [f = std::move(f)](const request& req, std::string& room) {
                return std::string_view(room = f(req));
            };
        else
            find_ = [f = std::move(f)](const request& req, std::string&) { return std::string_view(f(req)); };
    }

    bool empty() const noexcept { return !find_; }
    /// Returns the key, stored in `room` or in the request.
    std::string_view operator()(const request& req, std::string& room) const {
        return find_ ? find_(req, room) : std::string_view();
    }

private:
    std::function<std::string_view(const request&, std::string&)> find_{};
};

/// The client's address: as determined by `trusted_proxies`, or else the peer's. An IPv6 client is its /64, the
/// smallest network that providers assign. All requests for which a proxy names no address count together.
std::string_view by_address(const request& req, std::string& room);
/// The subject of the principal that an outer `authenticate` identified; the address without one.
std::string_view by_subject(const request& req, std::string& room);
/// The route's pattern, such as `/todos/{id}`.
std::string_view by_route(const request& req, std::string& room);
/// The value of a field such as X-Api-Key; the address for a request without it. If nothing verifies the values, a
/// client can get a new limit by inventing one.
rate_key by_header(std::string name);

/// Response fields that describe a limit to clients.
struct rate_limit_fields {
    /// Names the policy, for routes with several limits. Printable ASCII without `"` and `\`.
    std::string name = "default";
    bool standard = true; ///< RateLimit-Policy and RateLimit, as in draft-ietf-httpapi-ratelimit-headers-10
    bool legacy = false;  ///< X-RateLimit-Limit, -Remaining and -Reset (in seconds from now); for one limit per route
};

struct rate_limit_options {
    double rate = 1; ///< per key, like `per` and `burst`: see token_bucket_options
    duration per = std::chrono::seconds(1);
    std::size_t burst = 1;
    rate_key key{};                 ///< none: all requests count together
    std::size_t max_keys = 100'000; ///< see keyed_limiter
    rate_limit_fields fields{};
};

/// Allows as many requests as the rate and the burst permit, and refuses others with 429, Retry-After and the usual
/// error body before the inner layers run. Each response to a request that it checked reports the remaining quota. It
/// uses only the head; if the key reads the body, clear the layer's `by_head`. It uses the loop's cached time. Invalid
/// options throw std::invalid_argument.
///
///     api.use(rate_limit({.rate = 120, .per = 1min, .burst = 30, .key = by_subject}));
middleware rate_limit(rate_limit_options options);

namespace detail {

using rate_decider = std::function<rate_decision(time_point now, std::string_view key)>;
middleware rate_limit_layer(rate_decider decide, rate_key key, rate_limit_fields fields);

} // namespace detail

/// Like the above with a limiter that is also used elsewhere or measured, and must outlive the router. On the loop's
/// clock.
inline middleware rate_limit(token_bucket& shared, rate_limit_fields fields = {}) {
    auto decide = [&shared](time_point now, std::string_view) { return shared.acquire_at(now); };
    return detail::rate_limit_layer(decide, {}, std::move(fields));
}

template<class Rule>
middleware rate_limit(window_limiter<Rule>& shared, rate_limit_fields fields = {}) {
    auto decide = [&shared](time_point now, std::string_view) { return shared.acquire_at(now); };
    return detail::rate_limit_layer(decide, {}, std::move(fields));
}

template<class Rule>
middleware rate_limit(keyed_limiter<Rule>& shared, rate_key key, rate_limit_fields fields = {}) {
    auto decide = [&shared](time_point now, std::string_view of) { return shared.acquire_at(now, of); };
    return detail::rate_limit_layer(decide, std::move(key), std::move(fields));
}

/// Like the above with a limiter whose decision may need a round trip, such as redis::rate_limiter, which must outlive
/// the router. A request whose decision fails is answered with that error. Unlike the others, this layer is a
/// coroutine, and a client that waits for 100 Continue sends its body before the decision.
middleware rate_limit(keyed_rate_limiter& shared, rate_key key, rate_limit_fields fields = {});

} // namespace weir::http

namespace weir {
using http::by_address;
using http::by_header;
using http::by_route;
using http::by_subject;
using http::rate_limit;
} // namespace weir
