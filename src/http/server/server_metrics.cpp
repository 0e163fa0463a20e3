// SPDX-License-Identifier: MIT
#include <weir/http/server_metrics.hpp>

#include <memory>
#include <utility>

namespace weir {

namespace {

using http::server_stats;

struct refusals {
    const char* reason;
    std::uint64_t (*count)(const server_stats& now);
};

constexpr refusals reasons[] = {
    {"full", [](const server_stats& now) { return now.refused - now.refused_by_address; }},
    {"address", [](const server_stats& now) { return now.refused_by_address; }},
    {"accept", [](const server_stats& now) { return now.accept_failed; }},
    {"handshake", [](const server_stats& now) { return now.handshake_failed; }},
    {"malformed", [](const server_stats& now) { return now.malformed; }},
};

} // namespace

void observe(metrics& to, const http::server& server) {
    observe_server(to, [&server] { return server.stats(); });
}

void observe_server(metrics& to, std::function<server_stats()> read) {
    const auto of = std::make_shared<const std::function<server_stats()>>(std::move(read));
    to.gauge_from("http_server_connections", "Open connections", {}, [of] {
        return static_cast<double>((*of)().open);
    });
    to.gauge_from("http_server_connections_max", "Open connections allowed", {}, [of] {
        return static_cast<double>((*of)().limit);
    });
    to.counter_from("http_server_connections_accepted_total", "Connections accepted", {}, [of] {
        return static_cast<double>((*of)().accepted);
    });
    to.counter_from("http_server_aborted_total", "Connections and background work aborted at a drain's deadline", {},
                    [of] { return static_cast<double>((*of)().aborted); });
    for (const refusals& one : reasons)
        to.counter_from(
            "http_server_refused_total", "Connections and requests refused before a request was read",
            {{"reason", one.reason}}, [of, count = one.count] { return static_cast<double>(count((*of)())); });
}

} // namespace weir
