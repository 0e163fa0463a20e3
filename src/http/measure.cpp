// SPDX-License-Identifier: MIT
#include <weir/http/middleware/measure.hpp>

#include <array>
#include <charconv>

namespace weir::http {

middleware measure(metrics& to) {
    auto requests =
        to.counters("http_requests_total", "Requests by method, route and status", {"method", "route", "status"});
    auto durations =
        to.histograms("http_request_duration_seconds", "Time from a request's head to its response", {"route"});
    middleware layer;
    layer.done = [requests, durations](const request& req, const response& res, const http::exchange& end) {
        const std::string_view route = req.route().empty() ? std::string_view("none") : req.route();
        std::array<char, 8> digits;
        const auto last = std::to_chars(digits.data(), digits.data() + digits.size(), res.status).ptr;
        requests.with(name(req.method()), route, std::string_view(digits.data(), last)).add();
        durations.with(route).observe(end.took);
    };
    return layer;
}

} // namespace weir::http
