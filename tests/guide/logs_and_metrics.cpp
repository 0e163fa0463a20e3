// SPDX-License-Identifier: MIT
#include <weir/http/middleware/access_log.hpp>
#include <weir/http/middleware/measure.hpp>
#include <weir/http/middleware/recover.hpp>
#include <weir/http/middleware/request_id.hpp>
#include <weir/http/router.hpp>
#include <weir/observe/collectors.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

void add_observability(weir::router& app, const weir::logger& log, weir::metrics& metrics) {
    app.use(weir::request_id()).use(weir::access_log(log)).use(weir::measure(metrics)).use(weir::recover(log));
    weir::observe_process(metrics);
    weir::observe(metrics, log);
    app.get("/metrics", [&metrics] {
        weir::response res;
        res.headers.set("content-type", weir::metrics::content_type);
        metrics.write(res.body);
        return res;
    });
}

class till {
    weir::counter& sold_;
    weir::histogram& sums_;
    weir::logger log_;

public:
    till(weir::metrics& metrics, const weir::logger& log)
        : sold_(metrics.counter("till_sold_total", "Things that were sold")),
          sums_(metrics.histogram("till_cents", "Sums in cents", weir::exponential_buckets(100, 10, 4))),
          log_(log.with(weir::field("part", "till"))) {}

    void sell(std::int64_t cents, std::string_view card_token) {
        sold_.add();
        sums_.observe(static_cast<double>(cents));
        log_.info("sold", weir::field("cents", cents), weir::field("card_token", card_token)); // logged as ***
    }
};

TEST_CASE("the guide's lines and series are written") {
    weir::memory_log lines;
    const weir::logger log(lines.sink(), {.asynchronous = false});
    weir::metrics metrics;
    weir::router app;
    add_observability(app, log, metrics);
    till first(metrics, log);
    app.post("/sales", [&first] { first.sell(250, "tok_4242"); });
    weir::test_client client(app);
    CHECK(client.post("/sales", "").status == 204);

    const auto written = lines.lines();
    REQUIRE(written.size() == 2);
    CHECK(written[0].find(R"("message":"sold","part":"till","cents":250,"card_token":"***")") != std::string::npos);
    CHECK(written[1].find(R"("path":"/sales")") != std::string::npos);
    CHECK(written[1].find(R"("status":204)") != std::string::npos);

    const auto scraped = client.get("/metrics").body;
    CHECK(scraped.find("till_sold_total 1\n") != std::string::npos);
    CHECK(scraped.find("till_cents_bucket{le=\"1000\"} 1\n") != std::string::npos);
    CHECK(scraped.find(R"(http_requests_total{method="POST",route="/sales",status="204"} 1)") != std::string::npos);
    CHECK(scraped.find("process_open_fds") != std::string::npos);
}
