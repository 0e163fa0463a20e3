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
    /// Origins as browsers send them: "https://app.example.com", no path, no default port. `{"*"}` lets every
    /// site read what needs no credentials.
    std::vector<std::string> origins{};
    /// Decides about an origin that the list lacks, for example by its ending. Never asked about `null`, which
    /// is the origin of any sandboxed frame. Called from every loop.
    std::function<bool(std::string_view origin)> allow{};
    /// Whether scripts may send cookies and other credentials along.
    bool credentials = false;
    /// Methods that scripts may use; empty: those that the path answers.
    std::vector<method> methods{};
    /// Request headers that scripts may set, besides the few that are always allowed.
    std::vector<std::string> headers{"authorization", "content-type"};
    /// Response headers that scripts may read, besides the few that they always may.
    std::vector<std::string> expose{};
    /// How long a browser keeps the answer to a preflight request.
    std::chrono::seconds max_age = std::chrono::minutes(10);
};

/// Lets scripts of the listed origins, and of no other, read the answers, errors included (the Fetch standard's
/// CORS protocol, https://fetch.spec.whatwg.org). Answers preflight requests with 204, whatever a layer further
/// in would say to them; a request of a foreign origin is still handled, as CORS guards the reading alone.
/// Use it on the top router, before what may refuse: the router answers OPTIONS outside of any group.
/// Throws std::invalid_argument at start-up for `*` with credentials, and for what is no origin or header name.
///
///     app.use(cors({.origins = {"https://app.example.com"}, .credentials = true}));
middleware cors(cors_options options);

} // namespace weir::http

namespace weir {
using http::cors;
} // namespace weir
