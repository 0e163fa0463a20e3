// SPDX-License-Identifier: MIT
#include <weir/http/form.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

enum class sort_order { oldest, newest };
BOOST_DESCRIBE_ENUM(sort_order, oldest, newest)

struct search {
    std::int64_t size = 5;
    double ratio = 0;
    sort_order order = sort_order::oldest;
    std::optional<wall_time> since{};
    std::optional<std::chrono::sys_days> day{};
    std::optional<std::chrono::milliseconds> within{};
    std::vector<std::string> tag{};
    std::vector<std::int16_t> id{};
    std::optional<std::vector<sort_order>> orders{};
    bool deep{};
};
BOOST_DESCRIBE_STRUCT(search, (), (size, ratio, order, since, day, within, tag, id, orders, deep))

struct paged_search : search {
    std::string label{};
};
BOOST_DESCRIBE_STRUCT(paged_search, (search), (label))

} // namespace

template<>
inline constexpr auto weir::schema<search> = weir::object().field(&search::size, weir::defaults(20), weir::min(1));

template<>
inline constexpr auto weir::schema<paged_search> = weir::object().field(&paged_search::label, weir::defaults("none"));

namespace {

struct binding_fixture {
    router app;
    test_client client{app};

    binding_fixture() {
        app.get("/search", [](query<paged_search> in) { return *in; });
        app.post("/search", [](form<paged_search> in) { return *in; });
        app.get("/orders/{order}",
                [](http::path<"order", sort_order> order) { return std::string(reflect::enum_name(*order)); });
        app.get("/days/{day}", [](http::path<"day", std::chrono::sys_days> day) { return to_json(*day); });
        app.get("/ratios/{ratio}", [](http::path<"ratio", double> ratio) { return to_json(*ratio); });
    }

    // The responses to a query and a form with the same pairs, which differ only in the word for a pair.
    testing::test_response answer(const std::string& pairs) {
        auto asked = client.get("/search?" + pairs);
        const auto sent = client.send(http::method::post, "/search", pairs, "application/x-www-form-urlencoded");
        CHECK(asked.status == sent.status);
        if (asked.status == 200) CHECK(asked.body == sent.body);
        return asked;
    }

    bool has(const std::string& pairs, std::string_view part) {
        const auto res = answer(pairs);
        CAPTURE(res.body);
        return res.status == 200 && res.body.find(part) != std::string::npos;
    }

    void refuses(const std::string& pairs, const std::string& field, const std::string& rule,
                 const std::string& message) {
        const auto res = answer(pairs);
        CAPTURE(pairs);
        CAPTURE(res.body);
        CHECK(res.status == 400);
        CHECK(res.body.find(R"("message":"query parameter )" + field + ": " + message) != std::string::npos);
        CHECK(res.body.find(R"({"field":")" + field + R"(","rule":")" + rule + R"(","message":")" + message) !=
              std::string::npos);
    }
};

} // namespace

TEST_CASE_FIXTURE(binding_fixture, "a schema's defaults apply to absent parameters, including a base's") {
    CHECK(has("", R"("size":20,)"));
    CHECK(has("", R"("label":"none")"));
    CHECK(has("size=3&label=", R"("size":3,)"));
    CHECK(has("size=3&label=", R"("label":"")"));
    CHECK(answer("size=0").status == 422);
}

TEST_CASE_FIXTURE(binding_fixture, "numbers are decimal, and never infinity or NaN") {
    for (const char* bad : {"nan", "NaN", "-nan", "inf", "-inf", "infinity", "1e999", "0x1", "1,5", "%201", ""})
        refuses(std::string("ratio=") + bad, "ratio", "type", "expected a number");
    CHECK(has("ratio=-1.5e2", R"("ratio":-150)"));
    CHECK(client.get("/ratios/nan").status == 400);
    CHECK(client.get("/ratios/0.25").body == "0.25");
    refuses("id=40000", "id", "type", "expected -32768..32767");
}

TEST_CASE_FIXTURE(binding_fixture, "enums, times, days and durations are written as in JSON") {
    CHECK(has("order=newest", R"("order":"newest")"));
    CHECK(has("since=2026-01-31T08:00:00%2B08:00", R"("since":"2026-01-31T00:00:00Z")"));
    CHECK(has("day=2026-01-31", R"("day":"2026-01-31")"));
    CHECK(has("within=1m30s", R"("within":"1m30s")"));
    CHECK(has("deep=on", R"("deep":true)"));
    CHECK(has("deep=0", R"("deep":false)"));
    refuses("order=random", "order", "type", "expected one of oldest, newest");
    refuses("since=yesterday", "since", "type", "expected RFC 3339 time like");
    refuses("day=2026-02-30", "day", "type", "expected date like");
    refuses("within=soon", "within", "type", "expected a duration like");
    refuses("deep=yes", "deep", "type", "expected true or false");
}

TEST_CASE_FIXTURE(binding_fixture, "an empty input is an absent time, enum or duration") {
    CHECK(answer("since=&day=&within=").status == 200);
    CHECK(answer("since=&day=&within=").body.find("since") == std::string::npos);
    refuses("order=", "order", "type", "expected one of");
}

TEST_CASE_FIXTURE(binding_fixture, "a repeated name fills a vector in order") {
    CHECK(has("tag=a&size=1&tag=b+c&tag=", R"("tag":["a","b c",""])"));
    CHECK(has("id=7", R"("id":[7])"));
    CHECK(has("", R"("tag":[],"id":[])"));
    CHECK(has("orders=newest&orders=oldest", R"("orders":["newest","oldest"])"));
    refuses("id=1&id=x", "id", "type", "expected -32768..32767");
}

TEST_CASE_FIXTURE(binding_fixture, "a repeated name for a single value is refused") {
    refuses("size=1&size=2", "size", "duplicate", "is given twice");
    refuses("label=a&label=a", "label", "duplicate", "is given twice");
    refuses("day=&day=2026-01-31", "day", "duplicate", "is given twice");
    CHECK(answer("unknown=1&unknown=2").status == 200);
}

TEST_CASE_FIXTURE(binding_fixture, "a path parameter may be an enum or a day") {
    CHECK(client.get("/orders/newest").body == "newest");
    CHECK(client.get("/orders/random").status == 400);
    CHECK(client.get("/days/2026-01-31").body == "\"2026-01-31\"");
    CHECK(client.get("/days/today").body.find("path parameter day: expected date like 2026-01-31") !=
          std::string::npos);
}
