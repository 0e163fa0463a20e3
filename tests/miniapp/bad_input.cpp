// SPDX-License-Identifier: MIT
#include "miniapp/shop.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace miniapp_test;

namespace {

// Checks that the process that was started still answers, and sold nothing.
void check_well(shop& it, pid_t started) {
    CHECK(it.program().running());
    CHECK(it.program().pid() == started);
    CHECK(it.ask("GET", "/healthz").status == 200);
    CHECK(it.stock_of(1) == 120);
}

std::string post(std::string_view target, std::string_view token, const std::string& framing_and_body) {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + authorization(token) +
           "Content-Type: application/json\r\n" + framing_and_body;
}

// Returns what the server sends until it closes. A reset counts as a close; silence throws.
std::string rest_of(socket_client& client) {
    try {
        return client.rest();
    } catch (const std::runtime_error& failed) {
        if (std::string_view(failed.what()).find("reset") == std::string_view::npos) throw;
        return {};
    }
}

} // namespace

TEST_CASE_FIXTURE(shop, "a body that is not an order is a 400") {
    const pid_t started = program().pid();
    const auto token = log_in("alice").token;
    const std::string quantity = R"({"items":[{"product_id":1,"quantity":)";
    const std::vector<std::string> bodies{
        std::string(1000000, '['),
        std::string(1048576, '['),
        std::string(300000, '[') + std::string(300000, ']'),
        R"({"items":)" + std::string(500000, '[') + std::string(500000, ']') + "}",
        "\"" + std::string(1000000, 'x') + "\"",
        "{\"items\":[],\"\xff\xfe\":1}",
        "{\"items\":\"\xed\xa0\x80\"}",
        "{\"items\":\"\xc0\xaf\"}",
        std::string("{\"items\":\0}", 11),
        quantity + "1e999}]}",
        quantity + "99999999999999999999999999}]}",
        quantity + "-9223372036854775809}]}",
        quantity + std::string(200000, '9') + "}]}",
        quantity + "1.5}]}",
        quantity + "NaN}]}",
        quantity + "0x1}]}",
        quantity + "true}]}",
        quantity + "\"1\"}]}",
        quantity + "null}]}",
        quantity + "1,\"quantity\":2}]}",
        quantity + "1}]} trailing",
        R"({"items":{"product_id":1,"quantity":1}})",
        R"({"items":[[1,1]]})",
        R"({"items":7})",
        "[]",
        "null",
        "0",
        "\"\\ud800\"",
        " ",
        "{",
    };
    for (const auto& body : bodies) {
        const std::string beginning = body.substr(0, 60);
        CAPTURE(beginning);
        CAPTURE(body.size());
        refusal(ask("POST", "/api/v1/orders", body, token), 400, "invalid_argument");
    }
    refusal(order_of(9223372036854775807, 1, token), 422, "validation_failed");
    check_well(*this, started);
}

TEST_CASE_FIXTURE(shop, "an incomplete body ends only its own connection") {
    const pid_t started = program().pid();
    const auto token = log_in("alice").token;
    const std::string beginning = "Content-Length: 100\r\n\r\n{\"items\":[{\"product_id\":1";
    for (const char* target : {"/api/v1/orders", "/api/v1/auth/login", "/dev/wx-login", "/nowhere"}) {
        CAPTURE(target);
        socket_client ended(port());
        ended.send(post(target, token, beginning));
        ended.half_close();
        refusal(ended.receive(), 400, "bad_request");
        CHECK(ended.at_end());
        socket_client reset(port());
        reset.send(post(target, token, beginning));
        reset.reset();
    }
    for (const char* chunks : {"zz\r\n", "fffffffffffffffff\r\n", "5\r\n{\"a\":", "-1\r\n", "2\r\n{}x"}) {
        CAPTURE(chunks);
        socket_client broken(port());
        broken.send(post("/api/v1/orders", token, std::string("Transfer-Encoding: chunked\r\n\r\n") + chunks));
        broken.half_close();
        const int status = broken.receive().status;
        CHECK((status == 400 || status == 413));
        CHECK(broken.at_end());
    }
    check_well(*this, started);
}

TEST_CASE_FIXTURE(shop, "unknown routes, unknown methods and malformed heads get their 4xx or 5xx status") {
    const pid_t started = program().pid();
    const auto token = log_in("alice").token;
    const auto status = [&](const std::string& head) {
        socket_client client(port());
        client.send(head + "\r\n\r\n");
        const auto res = client.receive(head.starts_with("HEAD"));
        if (!head.starts_with("HEAD")) body_of<failure>(res, res.status);
        return res.status;
    };
    const std::string host = "\r\nHost: test";
    CHECK(status("GET /api/v1/../../etc/passwd HTTP/1.1" + host) == 400);
    CHECK(status("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1" + host) == 400);
    CHECK(status("GET /app.js/more HTTP/1.1" + host) == 404);
    CHECK(status("GET /" + std::string(4000, 'a') + " HTTP/1.1" + host) == 404);
    CHECK(status("GET /" + std::string(9000, 'a') + " HTTP/1.1" + host) == 414);
    CHECK(status("HEAD /nowhere HTTP/1.1" + host) == 404);
    CHECK(status("PATCH /api/v1/products HTTP/1.1" + host) == 405);
    CHECK(status("BREW /pot HTTP/1.1" + host) == 501);
    CHECK(status("GET /%zz HTTP/1.1" + host) == 400);
    CHECK(status("GET /api/v1/orders/%00 HTTP/1.1" + host) == 400);
    CHECK(status("GET /api/v1/products?page=%ff HTTP/1.1" + host) == 400);
    CHECK(status("GET / HTTP/1.1") == 400);
    CHECK(status("GET / HTTP/3.0" + host) == 505);
    CHECK(status("nonsense") == 400);
    CHECK(status("GET / HTTP/1.1" + host + "\r\nX-Long: " + std::string(20000, 'x')) == 431);
    CHECK(status("POST / HTTP/1.1" + host + "\r\nContent-Length: -1") == 400);
    CHECK(status("POST / HTTP/1.1" + host + "\r\nContent-Length: 1\r\nTransfer-Encoding: chunked") == 400);
    for (const char* id : {"abc", "1.5", "1e3", "99999999999999999999", "%E4%B8%80"}) {
        CAPTURE(id);
        refusal(ask("GET", std::string("/api/v1/orders/") + id, {}, token), 400, "invalid_argument");
    }
    refusal(ask("GET", "/api/v1/orders/-1", {}, token), 404, "not_found");
    check_well(*this, started);
}

TEST_CASE_FIXTURE(shop, "300 random byte strings end only their own connections") {
    const pid_t started = program().pid();
    const auto token = log_in("alice").token;
    std::mt19937 random(20260131);
    const auto bytes = [&random] {
        std::string out(1 + random() % 2000, '\0');
        for (char& c : out) c = static_cast<char>(random());
        return out;
    };
    for (int i = 0; i < 300; ++i) {
        CAPTURE(i);
        const std::string noise = bytes();
        socket_client client(port());
        switch (i % 4) {
        case 0:
            client.send(noise);
            break;
        case 1:
            client.send("GET /" + noise + " HTTP/1.1\r\nHost: test\r\n\r\n");
            break;
        case 2:
            client.send("GET / HTTP/1.1\r\nHost: test\r\nX-Noise: " + noise + "\r\n\r\n");
            break;
        default:
            client.send(
                post("/api/v1/orders", token, "Content-Length: " + std::to_string(noise.size()) + "\r\n\r\n" + noise));
        }
        client.half_close();
        const std::string answer = rest_of(client);
        if (answer.empty()) continue; // reset
        CHECK(answer.starts_with("HTTP/1.1 "));
        CHECK_FALSE(answer.starts_with("HTTP/1.1 500"));
    }
    check_well(*this, started);
}
