// SPDX-License-Identifier: MIT
#include <weir/http/form.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <boost/describe.hpp>
#include <doctest/doctest.h>

#include <string>

using namespace weir;

namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

struct order_form {
    std::string name{};
    std::int64_t count = 1;
    std::optional<double> tip{};
    std::optional<std::string> note{};
    bool gift{};
};
BOOST_DESCRIBE_STRUCT(order_form, (), (name, count, tip, note, gift))

} // namespace

template<>
inline constexpr auto weir::schema<order_form> =
    weir::object().field(&order_form::name, weir::not_empty).field(&order_form::count, weir::range(1, 9));

namespace {

struct form_fixture {
    router app;
    test_client client{app};

    form_fixture() {
        app.post("/orders", [](form<order_form> in) { return *in; });
    }

    testing::test_response post(std::string_view body, std::string_view type = form_type) {
        return client.send(http::method::post, "/orders", body, type);
    }
};

} // namespace

TEST_CASE_FIXTURE(form_fixture, "a form is decoded and bound; absent members keep their defaults") {
    const auto res = post("name=Zhang+San%26Co&gift=on&count=3&extra=1&tip=1.5&note=%E5%BC%A0");
    CHECK(res.status == 200);
    CHECK(res.body == "{\"name\":\"Zhang San&Co\",\"count\":3,\"tip\":1.5,\"note\":\"\xe5\xbc\xa0\",\"gift\":true}");
    CHECK(post("name=a").body == R"({"name":"a","count":1,"gift":false})");
}

TEST_CASE_FIXTURE(form_fixture, "an empty input is an absent number and an empty string") {
    const auto res = post("name=a&tip=&note=");
    CHECK(res.body == R"({"name":"a","count":1,"note":"","gift":false})");
    CHECK(post("name=a&count=").status == 400);
}

TEST_CASE_FIXTURE(form_fixture, "another media type is a 415; parameters and case of the right one don't matter") {
    CHECK(post("name=a", "Application/X-WWW-Form-Urlencoded; charset=UTF-8").status == 200);
    for (const char* type : {"application/json", "multipart/form-data; boundary=x",
                             "application/x-www-form-urlencodedx", "text/plain; a=application/x-www-form-urlencoded"}) {
        CAPTURE(type);
        const auto res = post("name=a", type);
        CHECK(res.status == 415);
        CHECK(res.body.find("unsupported_media_type") != std::string::npos);
    }
    CHECK(post("name=a", "").status == 415);
}

TEST_CASE_FIXTURE(form_fixture, "an ill-typed value is a 400 that names the field, a violated rule a 422") {
    const auto wrong = post("name=a&count=many");
    CHECK(wrong.status == 400);
    CHECK(wrong.body == R"({"code":"invalid_argument","message":"form field count: expected a whole number",)"
                        R"("details":[{"field":"count","rule":"type","message":"expected a whole number"}]})");
    CHECK(post("name=").status == 422);
    CHECK(post("name=a&count=10").status == 422);
    CHECK(post("").status == 422);
}

TEST_CASE_FIXTURE(form_fixture, "an undecodable form is a 400 that doesn't mention a URL") {
    for (const char* body : {"name=%zz", "name=%", "name=%00", "name=%ff", "%c3=1"}) {
        CAPTURE(body);
        const auto res = post(body);
        CHECK(res.status == 400);
        CHECK(res.body.find("the form") != std::string::npos);
    }
}

TEST_CASE_FIXTURE(form_fixture, "a form may have at most a thousand fields") {
    std::string many = "name=a";
    for (int i = 1; i < 1000; ++i) many += "&x=1";
    CHECK(post(many).status == 200);
    CHECK(post(many + "&x=1").status == 400);
}
