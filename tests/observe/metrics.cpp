// SPDX-License-Identifier: MIT
// labels: unit
#include <weir/observe/metrics.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>

using namespace weir;

namespace {

// The error message of a refused registration.
template<class F>
std::string refusal(F register_it) {
    try {
        register_it();
    } catch (const std::invalid_argument& why) {
        return why.what();
    }
    return "accepted";
}

std::string series(const std::string& text) { // returns the lines that aren't comments
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at) + 1;
        if (text[at] != '#') out += text.substr(at, end - at);
        at = end;
    }
    return out;
}

} // namespace

TEST_CASE("counters and gauges are written with help, type and value, ordered by name") {
    metrics all;
    gauge& open = all.gauge("open_connections", "Connections that are open");
    counter& requests = all.counter("http_requests_total", "Requests answered");
    requests.add();
    requests.add(41);
    open.add();
    open.add(2.5);
    open.sub();
    CHECK(requests.value() == 42);
    CHECK(open.value() == 2.5);
    CHECK(all.text() ==
          "# HELP http_requests_total Requests answered\n"
          "# TYPE http_requests_total counter\n"
          "http_requests_total 42\n"
          "# HELP open_connections Connections that are open\n"
          "# TYPE open_connections gauge\n"
          "open_connections 2.5\n");
}

TEST_CASE("text is appended to the existing contents") {
    metrics all;
    all.counter("a_total", "A");
    std::string out = "before\n";
    all.write(out);
    CHECK(out == "before\n# HELP a_total A\n# TYPE a_total counter\na_total 0\n");
}

TEST_CASE("set() overrides what was added before") {
    metrics all;
    gauge& level = all.gauge("level", "A level");
    level.add(7);
    level.set(3);
    CHECK(level.value() == 3);
    level.sub(4);
    CHECK(level.value() == -1);
    level.set(std::numeric_limits<double>::infinity());
    CHECK(series(all.text()) == "level +Inf\n");
}

TEST_CASE("bounds and values are written as other Prometheus clients write them") {
    metrics all;
    all.histogram("h", "H", {0.00005, 0.0001, 0.0005, 0.25, 1, 1000, 999999, 1e6, 1048576, 1.5e21});
    const std::string text = all.text();
    for (const char* bound :
         {"5e-05", "0.0001", "0.0005", "0.25", "1", "1000", "999999", "1e+06", "1.048576e+06", "1.5e+21", "+Inf"}) {
        CAPTURE(bound);
        CHECK(text.find("h_bucket{le=\"" + std::string(bound) + "\"} 0\n") != std::string::npos);
    }
    metrics values;
    values.gauge("small", "S").set(-0.0005);
    values.gauge("tiny", "T").set(0.00001);
    values.gauge("large", "L").set(-2500000);
    CHECK(values.text().find("small -0.0005\n") != std::string::npos);
    CHECK(values.text().find("tiny 1e-05\n") != std::string::npos);
    CHECK(values.text().find("large -2.5e+06\n") != std::string::npos);
}

TEST_CASE("a value equal to a bound belongs to the bucket that ends there") {
    metrics all;
    histogram& size = all.histogram("size_bytes", "Sizes", {1, 2.5, 10});
    for (double value : {-1.0, 1.0, 1.0000001, 2.5, 2.6, 10.0, 10.1, 1e9}) size.observe(value);
    CHECK(size.in_bucket(0) == 2);
    CHECK(size.in_bucket(1) == 2);
    CHECK(size.in_bucket(2) == 2);
    CHECK(size.in_bucket(3) == 2);
    CHECK(size.count() == 8);
    CHECK(size.sum() == doctest::Approx(1e9 + 26.2000001));
}

TEST_CASE("a histogram's buckets are cumulative and end at infinity, which equals the count") {
    metrics all;
    histogram& latency = all.histogram("latency_seconds", "Latency", {0.005, 0.5});
    latency.observe(std::chrono::milliseconds(5));
    latency.observe(std::chrono::milliseconds(250));
    latency.observe(std::chrono::seconds(2));
    CHECK(all.text() ==
          "# HELP latency_seconds Latency\n"
          "# TYPE latency_seconds histogram\n"
          "latency_seconds_bucket{le=\"0.005\"} 1\n"
          "latency_seconds_bucket{le=\"0.5\"} 2\n"
          "latency_seconds_bucket{le=\"+Inf\"} 3\n"
          "latency_seconds_sum 2.255\n"
          "latency_seconds_count 3\n");
}

TEST_CASE("infinity and NaN count in the last bucket") {
    metrics all;
    histogram& any = all.histogram("any", "Anything", {1});
    any.observe(std::numeric_limits<double>::infinity());
    any.observe(std::numeric_limits<double>::quiet_NaN());
    any.observe(-std::numeric_limits<double>::infinity());
    CHECK(any.in_bucket(0) == 1);
    CHECK(any.in_bucket(1) == 2);
    CHECK(series(all.text()).find("any_sum NaN\n") != std::string::npos);
}

TEST_CASE("each set of label values is a separate series, in the order of first use") {
    metrics all;
    const auto requests = all.counters("requests_total", "Requests", {"method", "route"});
    counter& listed = requests.with("GET", "/todos");
    requests.with("POST", std::string("/todos")).add(2);
    listed.add();
    CHECK(&requests.with("GET", "/todos") == &listed);
    CHECK(series(all.text()) == "requests_total{method=\"GET\",route=\"/todos\"} 1\n"
                                "requests_total{method=\"POST\",route=\"/todos\"} 2\n");
}

TEST_CASE("labelled histograms carry their labels before le") {
    metrics all;
    all.histograms("took_seconds", "Time", {"route"}, {1}).with("/").observe(0.5);
    CHECK(series(all.text()) ==
          "took_seconds_bucket{route=\"/\",le=\"1\"} 1\n"
          "took_seconds_bucket{route=\"/\",le=\"+Inf\"} 1\n"
          "took_seconds_sum{route=\"/\"} 0.5\n"
          "took_seconds_count{route=\"/\"} 1\n");
}

TEST_CASE("label values with the same text but different boundaries are different series") {
    metrics all;
    const auto pairs = all.gauges("pairs", "Pairs", {"a", "b"});
    pairs.with("x", "yz").add(1);
    pairs.with("xy", "z").add(2);
    pairs.with("", "xyz").add(3);
    CHECK(series(all.text()) == "pairs{a=\"x\",b=\"yz\"} 1\npairs{a=\"xy\",b=\"z\"} 2\npairs{a=\"\",b=\"xyz\"} 3\n");
}

TEST_CASE("help and label values can't break the format") {
    metrics all;
    all.gauges("g", "say \"hi\"\\\nbye", {"l"}).with("a\"b\\c\nd\xff张").set(1);
    CHECK(all.text() == "# HELP g say \"hi\"\\\\\\nbye\n# TYPE g gauge\n"
                        "g{l=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD张\"} 1\n");
}

TEST_CASE("registering the same metric again returns the same series") {
    metrics all;
    CHECK(&all.counter("a_total", "A") == &all.counter("a_total", "Another help"));
    CHECK(&all.gauge("b", "B") == &all.gauge("b", "B"));
    CHECK(&all.histogram("c", "C", {1, 2}) == &all.histogram("c", "C", {1, 2}));
    const auto first = all.counters("d_total", "D", {"x"});
    CHECK(&first.with("1") == &all.counters("d_total", "D", {"x"}).with("1"));
}

TEST_CASE("registering a name again with another type, labels or buckets is refused") {
    metrics all;
    all.gauge("a", "A");
    all.histogram("h", "H", {1, 2});
    all.counters("c_total", "C", {"x"});
    const std::string other = ": is already registered with another type, labels or buckets";
    CHECK(refusal([&] { all.histogram("a", "A"); }) == "metric \"a\"" + other);
    CHECK(refusal([&] { all.gauges("a", "A", {"x"}); }) == "metric \"a\"" + other);
    CHECK(refusal([&] { all.gauge_from("a", "A", {}, [] { return 1.0; }); }) == "metric \"a\"" + other);
    CHECK(refusal([&] { all.histogram("h", "H", {1, 3}); }) == "metric \"h\"" + other);
    CHECK(refusal([&] { all.counters("c_total", "C", {"y"}); }) == "metric \"c_total\"" + other);
}

TEST_CASE("names that Prometheus or its linter would refuse are refused at registration") {
    metrics all;
    const std::string bad_name = ": invalid metric name: use letters, digits, _ and :";
    CHECK(refusal([&] { all.gauge("", "H"); }) == "metric \"\"" + bad_name);
    CHECK(refusal([&] { all.gauge("1a", "H"); }) == "metric \"1a\"" + bad_name);
    CHECK(refusal([&] { all.gauge("a-b", "H"); }) == "metric \"a-b\"" + bad_name);
    CHECK(refusal([&] { all.gauge("a b", "H"); }) == "metric \"a b\"" + bad_name);
    CHECK(refusal([&] { all.gauge("a\n", "H"); }) == "metric \"a\n\"" + bad_name);
    CHECK(refusal([&] { all.gauge("ns:a_1", "H"); }) == "accepted");
    CHECK(refusal([&] { all.gauge("a", ""); }) == "metric \"a\": the help text is empty");
    CHECK(refusal([&] { all.counter("a", "H"); }) == "metric \"a\": a counter's name must end in _total");
    CHECK(refusal([&] { all.gauge("a_total", "H"); }) == "metric \"a_total\": only a counter's name may end in _total");
    CHECK(refusal([&] { all.gauge("a_count", "H"); }) ==
          "metric \"a_count\": a name that ends in _count is reserved for histograms");
    CHECK(refusal([&] { all.counter("weir_metrics_overflow_total", "H"); }) ==
          "metric \"weir_metrics_overflow_total\": is reserved for weir");
    CHECK(all.text() == "# HELP ns:a_1 H\n# TYPE ns:a_1 gauge\nns:a_1 0\n");
}

TEST_CASE("labels that Prometheus would refuse are refused at registration") {
    metrics all;
    CHECK(refusal([&] { all.gauges("a", "H", {"x-y"}); }) ==
          "metric \"a\": \"x-y\" isn't a valid label name: use letters, digits and _");
    CHECK(refusal([&] { all.gauges("a", "H", {"a:b"}); }) ==
          "metric \"a\": \"a:b\" isn't a valid label name: use letters, digits and _");
    CHECK(refusal([&] { all.gauges("a", "H", {"__x"}); }) ==
          "metric \"a\": label \"__x\" starts with __, which Prometheus reserves");
    CHECK(refusal([&] { all.gauges("a", "H", {"x", "x"}); }) == "metric \"a\": label \"x\" is there twice");
    CHECK(refusal([&] { all.histograms("a", "H", {"le"}); }) == "metric \"a\": a histogram reserves the label le");
    CHECK(refusal([&] { all.gauges("a", "H", {"x"}).with("1", "2"); }) == "metric \"a\": takes 1 label values, not 2");
}

TEST_CASE("bucket bounds must be finite and increasing") {
    metrics all;
    CHECK(refusal([&] { all.histogram("h", "H", {}); }) == "metric \"h\": a histogram needs buckets");
    CHECK(refusal([&] { all.histogram("h", "H", {1, 1}); }) == "metric \"h\": bucket bounds must increase");
    CHECK(refusal([&] { all.histogram("h", "H", {2, 1}); }) == "metric \"h\": bucket bounds must increase");
    CHECK(refusal([&] {
              all.histogram("h", "H", {1, std::numeric_limits<double>::infinity()});
          }) == "metric \"h\": bucket bounds must be finite; the bucket up to infinity is implied");
}

TEST_CASE("new series beyond the limit are counted as overflow and reported") {
    metrics all({.max_series = 2});
    const auto hits = all.counters("hits_total", "Hits", {"user", "page"});
    hits.with("a", "1").add();
    hits.with("b", "1").add();
    hits.with("c", "1").add();
    hits.with("d", "1").add(4);
    hits.with("a", "1").add();
    CHECK(series(all.text()) ==
          "hits_total{user=\"a\",page=\"1\"} 2\n"
          "hits_total{user=\"b\",page=\"1\"} 1\n"
          "hits_total{user=\"overflow\",page=\"overflow\"} 5\n"
          "weir_metrics_overflow_total{metric=\"hits_total\"} 2\n");
}

TEST_CASE("an application's label value named overflow shares the overflow series") {
    metrics all({.max_series = 1});
    const auto hits = all.counters("hits_total", "Hits", {"user"});
    hits.with("overflow").add();
    hits.with("a").add();
    CHECK(series(all.text()) ==
          "hits_total{user=\"overflow\"} 2\nweir_metrics_overflow_total{metric=\"hits_total\"} 1\n");
}

TEST_CASE("values can be read at each scrape") {
    metrics all;
    double level = 1;
    all.gauge_from("level", "Level", {{"tank", "a\"b"}}, [&] { return level; });
    all.gauge_from("level", "Level", {{"tank", "c"}}, [&] { return -level; });
    all.counter_from("ticks_total", "Ticks", {}, [&] { return level * 10; });
    level = 2;
    CHECK(series(all.text()) == "level{tank=\"a\\\"b\"} 2\nlevel{tank=\"c\"} -2\nticks_total 20\n");
    CHECK(refusal([&] {
              all.gauge_from("level", "Level", {{"tank", "c"}}, [] { return 0.0; });
          }) == "metric \"level\": {tank=\"c\"} is already registered");
}

TEST_CASE("a value whose read fails is NaN and the others are still written") {
    metrics all;
    all.gauge_from("broken", "Broken", {}, []() -> double { throw std::runtime_error("gone"); });
    all.gauge("fine", "Fine").set(1);
    CHECK(series(all.text()) == "broken NaN\nfine 1\n");
}

TEST_CASE("exponential buckets grow by a factor") {
    CHECK(exponential_buckets(64, 4, 4) == std::vector<double>{64, 256, 1024, 4096});
    CHECK(exponential_buckets(1, 2, 0).empty());
}

TEST_CASE("two registries share nothing") {
    metrics one;
    metrics two;
    one.counter("a_total", "A").add();
    CHECK(two.text().empty());
    CHECK(two.counter("a_total", "A").value() == 0);
}
