// SPDX-License-Identifier: MIT
#include <weir/http/router.hpp>
#include <weir/http/server.hpp>
#include <weir/http/server_metrics.hpp>
#include <weir/observe/metrics.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace weir;

TEST_CASE("a server's counters are in the metrics, by reason") {
    http::server_stats now;
    now.accepted = 11;
    now.refused = 7;
    now.refused_by_address = 4;
    now.accept_failed = 3;
    now.handshake_failed = 2;
    now.malformed = 1;
    now.aborted = 5;
    now.open = 6;
    now.limit = 100;
    metrics all;
    observe_server(all, [&now] { return now; });
    const std::string text = all.text();
    for (const std::string_view line :
         {"http_server_connections 6\n", "http_server_connections_max 100\n",
          "http_server_connections_accepted_total 11\n", "http_server_aborted_total 5\n",
          "http_server_refused_total{reason=\"full\"} 3\n", "http_server_refused_total{reason=\"address\"} 4\n",
          "http_server_refused_total{reason=\"accept\"} 3\n", "http_server_refused_total{reason=\"handshake\"} 2\n",
          "http_server_refused_total{reason=\"malformed\"} 1\n"})
        CHECK_MESSAGE(text.find("\n" + std::string(line)) != std::string::npos, line);
}

TEST_CASE("a server that hasn't started counts nothing") {
    const router routes;
    const server idle(routes);
    metrics all;
    observe(all, idle);
    CHECK(all.text().find("\nhttp_server_connections_accepted_total 0\n") != std::string::npos);
}
