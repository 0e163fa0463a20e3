// SPDX-License-Identifier: MIT
#include <weir/http/client_metrics.hpp>

#include <array>
#include <charconv>

namespace weir::http {

std::function<void(const client_report&)> measure_calls(metrics& to) {
    auto requests =
        to.counters("http_client_requests_total", "Calls by host, method and status", {"host", "method", "status"});
    auto durations =
        to.histograms("http_client_request_duration_seconds", "Time of a call, redirects included", {"host"});
    return [requests, durations](const client_report& report) {
        std::array<char, 8> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), report.status).ptr;
        const std::string_view status =
            report.failure ? name(report.failure.kind()) : std::string_view(digits.data(), end);
        requests.with(report.host, report.method, status).add();
        durations.with(report.host).observe(report.took);
    };
}

} // namespace weir::http
