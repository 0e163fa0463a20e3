// SPDX-License-Identifier: MIT
#include <weir/http/middleware/recover.hpp>
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

weir::result<int> take_from_stock(int wanted, int in_stock) {
    if (wanted <= in_stock) return in_stock - wanted;
    return weir::error(weir::errc::conflict, "only " + std::to_string(in_stock) + " are left")
        .with_code("out_of_stock")
        .with_detail({"quantity", "in_stock", "at most " + std::to_string(in_stock)});
}

weir::task<weir::result<std::string>> order_one(int wanted) {
    const auto left = take_from_stock(wanted, 3);
    if (!left) co_return left.error(); // passed on as it is
    co_return "ordered, " + std::to_string(*left) + " left";
}

// The client reads the message; the log gets the cause too.
weir::error cannot_pay(const weir::error& why) {
    return weir::error(weir::errc::unavailable, "payment isn't possible at the moment")
        .with_retry_after(5)
        .caused_by(why);
}

void add_fallible(weir::router& app) {
    app.post("/orders/{wanted}", [](weir::path<"wanted", int> wanted) { return order_one(*wanted); });
    app.post("/payments", []() -> weir::result<void> {
        return cannot_pay(weir::error(weir::errc::unavailable, "the bank's certificate has expired"));
    });
    app.get("/teapot", []() -> weir::result<void> {
        return weir::error(weir::errc::unimplemented, "this is a teapot").with_code("teapot").with_status(418);
    });
    app.get("/value", [] { return std::to_string(take_from_stock(5, 3).value()); }); // .value() throws: the same 409
    app.get("/broken", []() -> std::string { throw std::runtime_error("disk 7 has failed"); });
}

TEST_CASE("the guide's errors become the responses that it shows") {
    weir::memory_log lines;
    const weir::logger log(lines.sink(), {.asynchronous = false});
    weir::router app;
    app.use(weir::recover(log));
    add_fallible(app);
    weir::test_client client(app);
    CHECK(client.post("/orders/1", "").body == "ordered, 2 left");

    const auto refused = client.post("/orders/5", "");
    CHECK(refused.status == 409);
    CHECK(refused.body == R"({"code":"out_of_stock","message":"only 3 are left",)"
                          R"("details":[{"field":"quantity","rule":"in_stock","message":"at most 3"}]})");
    CHECK(client.get("/value").body == refused.body);

    const auto unpaid = client.post("/payments", "");
    CHECK(unpaid.status == 503);
    CHECK(unpaid.header("retry-after") == "5");
    CHECK(unpaid.body.find("certificate") == std::string::npos);
    CHECK(client.get("/teapot").status == 418);
    CHECK(client.post("/orders/many", "").status == 400);
    CHECK(client.get("/nowhere").status == 404);

    const auto broken = client.get("/broken");
    CHECK(broken.status == 500);
    CHECK(broken.body == R"({"code":"internal","message":"internal error","details":[]})");
    REQUIRE(lines.lines().size() == 1);
    CHECK(lines.lines()[0].find("disk 7 has failed") != std::string::npos);
}
