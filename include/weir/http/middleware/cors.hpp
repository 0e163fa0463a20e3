// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/method.hpp>
#include <weir/http/middleware.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http {

struct cors_options {
    /// Origins as browsers send them: "https://app.example.com", without a path or default port. `{"*"}` lets every
    /// site read responses that need no credentials.
    std::vector<std::string> origins{};
    /// Decides about an origin that isn't in the list, for example by its suffix. Not called for `null`, the origin of
    /// any sandboxed frame. Called from every loop.
    std::function<bool(std::string_view origin)> allow{};
    /// Whether scripts may send cookies and other credentials along.
    bool credentials = false;
    /// Methods that scripts may use; empty: those that the path supports.
    std::vector<method> methods{};
    /// Request headers that scripts may set, besides the few that are always allowed.
    std::vector<std::string> headers{"authorization", "content-type"};
    /// Response headers that scripts may read, besides the few that are always readable.
    std::vector<std::string> expose{};
    /// How long a browser caches the response to a preflight request.
    std::chrono::seconds max_age = std::chrono::minutes(10);
};

/// Lets scripts of the allowed origins, and no others, read the responses, errors included (the Fetch standard's CORS
/// protocol, https://fetch.spec.whatwg.org). Answers preflight requests with 204, whatever an inner layer
/// answers. A request of another origin is still handled, as CORS restricts only the reading. Add it to the top router,
/// before layers that may refuse: the router answers OPTIONS outside of any group. Throws std::invalid_argument at
/// start-up for `*` with credentials and for a malformed origin or header name.
///
///     app.use(cors({.origins = {"https://app.example.com"}, .credentials = true}));
middleware cors(cors_options options);

} // namespace weir::http

namespace weir {
using http::cors;
} // namespace weir
