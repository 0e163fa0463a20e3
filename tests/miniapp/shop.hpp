// SPDX-License-Identifier: MIT
#pragma once

#include "support/child_process.hpp"
#include "support/socket_client.hpp"
#include "support/temporary_folder.hpp"
#include <weir/reflect/json.hpp>
#include <weir/reflect/schema.hpp>
#include <weir/testing/fault_proxy.hpp>
#include <weir/testing/wechat_sandbox.hpp>

#include <boost/describe.hpp>
#include <doctest/doctest.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace miniapp_test {

using test_support::child_process;
using test_support::socket_client;
using test_support::wire_response;

// The documented shapes, written a second time: a missing or additional member fails the test.

struct user {
    std::int64_t id{};
    std::string nickname{};
    std::optional<std::string> email{};
    std::string role{};
    weir::wall_time created_at{};
};
BOOST_DESCRIBE_STRUCT(user, (), (id, nickname, email, role, created_at))

struct login {
    std::string token{};
    std::int64_t expires_in{};
    miniapp_test::user user{};
};
BOOST_DESCRIBE_STRUCT(login, (), (token, expires_in, user))

struct product {
    std::int64_t id{};
    std::string name{};
    std::int64_t price_cents{};
    std::int64_t stock{};
};
BOOST_DESCRIBE_STRUCT(product, (), (id, name, price_cents, stock))

struct order_item {
    std::int64_t product_id{};
    std::int64_t quantity{};
    std::int64_t price_cents{};

    bool operator==(const order_item&) const = default;
};
BOOST_DESCRIBE_STRUCT(order_item, (), (product_id, quantity, price_cents))

struct order {
    std::int64_t id{};
    std::int64_t user_id{};
    std::string status{};
    std::int64_t total_cents{};
    std::vector<order_item> items{};
    weir::wall_time created_at{};
};
BOOST_DESCRIBE_STRUCT(order, (), (id, user_id, status, total_cents, items, created_at))

template<class T>
struct list {
    std::vector<T> items{};
    std::int64_t page{};
    std::int64_t size{};
    std::int64_t total{};

    BOOST_DESCRIBE_CLASS(list, (), (items, page, size, total), (), ())
};

struct detail {
    std::string field{};
    std::string rule{};
    std::string message{};
};
BOOST_DESCRIBE_STRUCT(detail, (), (field, rule, message))

struct failure {
    std::string code{};
    std::string message{};
    std::vector<miniapp_test::detail> details{};
};
BOOST_DESCRIBE_STRUCT(failure, (), (code, message, details))

struct fresh_code {
    std::string code{};
};
BOOST_DESCRIBE_STRUCT(fresh_code, (), (code))

/// Returns the body of a response with this status; unknown and missing members fail the test.
template<class T>
T body_of(const wire_response& res, int status = 200) {
    INFO(res.head << res.body);
    CHECK(res.status == status);
    CHECK(res.header("content-type") == "application/json");
    weir::json_options exactly;
    exactly.refuse_unknown = true;
    return weir::from_json<T>(res.body, exactly).value();
}

/// Returns the body of an error response with this status and code.
inline failure refusal(const wire_response& res, int status, std::string_view code) {
    INFO(res.head << res.body);
    auto body = body_of<failure>(res, status);
    CHECK(body.code == code);
    CHECK(body.message != "");
    return body;
}

/// Checks that the error's only detail has this field and rule.
inline void check_detail(const failure& refused, std::string_view field, std::string_view rule) {
    REQUIRE(refused.details.size() == 1);
    CHECK(refused.details[0].field == field);
    CHECK(refused.details[0].rule == rule);
    CHECK(refused.details[0].message != "");
}

/// Returns the test's environment, with `more` in place of the variables that the program reads.
inline std::vector<std::string> environment(std::vector<std::string> more = {}) {
    for (char** entry = environ; *entry; ++entry) {
        const std::string_view text = *entry;
        const auto starts = [text](std::string_view name) { return text.starts_with(name); };
        if (!starts("MINIAPP_") && !starts("WECHAT_") && !starts("JWT_")) more.emplace_back(text);
    }
    return more;
}

/// Returns the arguments of every start, followed by `more`.
inline std::vector<std::string> arguments(const test_support::temporary_folder& data, std::vector<std::string> more) {
    const std::string folder = MINIAPP_FOLDER;
    std::vector<std::string> all{
        "--config",  folder + "/miniapp.yaml",
        "--port",    "0",
        "--web",     folder + "/web",
        "--address", "127.0.0.1",
        "--data",    data.path()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

/// Returns the port in the log line "listening".
inline std::uint16_t port_of(child_process& program) {
    const std::string line = program.line_with(R"("message":"listening")");
    const std::string_view mark = R"("port":)";
    const std::size_t at = line.find(mark);
    std::uint16_t port = 0;
    if (at != std::string::npos) std::from_chars(line.data() + at + mark.size(), line.data() + line.size(), port);
    if (port == 0) throw std::runtime_error("no port in " + line);
    return port;
}

inline std::string authorization(std::string_view token) {
    return token.empty() ? std::string() : "Authorization: Bearer " + std::string(token) + "\r\n";
}

/// The program in its dev profile, with WeChat's sandbox in this process, a fault proxy between them and a new data
/// folder.
class shop {
public:
    explicit shop(std::vector<std::string> more_arguments = {}) : more_(std::move(more_arguments)) { start(); }

    /// Starts the program again on the same data, after it has ended.
    void start() {
        std::vector<std::string> more{"--profile", "dev", "--wechat.base_url", line.base_url()};
        more.insert(more.end(), more_.begin(), more_.end());
        program_ = std::make_unique<child_process>(MINIAPP_PROGRAM, arguments(data_, more), environment());
        port_ = port_of(*program_);
    }

    child_process& program() { return *program_; }
    std::uint16_t port() const noexcept { return port_; }
    std::string database_file() const { return data_ / "miniapp.db"; }

    wire_response ask(std::string_view method, std::string_view target, std::string_view body = {},
                      std::string_view token = {}) {
        return socket_client(port_).request(method, target, body, authorization(token));
    }
    wire_response log_in_with(const std::string& code) { return ask("POST", "/api/v1/auth/login", login_body(code)); }
    login log_in(const std::string& name) {
        const auto code = body_of<fresh_code>(ask("POST", "/dev/wx-login", R"({"user":")" + name + R"("})"));
        return body_of<login>(log_in_with(code.code));
    }

    /// Orders one product.
    wire_response order_of(std::int64_t product, std::int64_t quantity, std::string_view token) {
        return ask("POST", "/api/v1/orders", order_body(product, quantity), token);
    }
    static std::string order_body(std::int64_t product, std::int64_t quantity) {
        return R"({"items":[{"product_id":)" + std::to_string(product) + R"(,"quantity":)" + std::to_string(quantity) +
               "}]}";
    }
    static std::string login_body(std::string_view code) { return R"({"code":")" + std::string(code) + R"("})"; }

    /// The request's bytes, for tests that send them on a connection of their own.
    static std::string order_bytes(std::int64_t product, std::int64_t quantity, std::string_view token) {
        return post_bytes("/api/v1/orders", order_body(product, quantity), token);
    }
    static std::string login_bytes(std::string_view code) {
        return post_bytes("/api/v1/auth/login", login_body(code), "");
    }

    std::int64_t stock_of(std::int64_t product) {
        const auto all = body_of<list<miniapp_test::product>>(ask("GET", "/api/v1/products?size=100"));
        for (const auto& one : all.items)
            if (one.id == product) return one.stock;
        throw std::runtime_error("no such product");
    }

    /// Returns the value of this line of /metrics; fails the test if the line is missing.
    double metric(const std::string& line) {
        const auto body = ask("GET", "/metrics").body;
        const std::size_t at = body.find("\n" + line + " ");
        CAPTURE(line);
        REQUIRE(at != std::string::npos);
        return std::strtod(body.c_str() + at + line.size() + 2, nullptr);
    }

    weir::testing::wechat_sandbox wechat; // outlives the program, which calls it
    weir::testing::fault_proxy line{wechat.port()};

private:
    static std::string post_bytes(const std::string& target, const std::string& body, std::string_view token) {
        return "POST " + target + " HTTP/1.1\r\nHost: test\r\n" + authorization(token) +
               "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }

    std::vector<std::string> more_;
    test_support::temporary_folder data_;
    std::unique_ptr<child_process> program_;
    std::uint16_t port_ = 0;
};

/// A shop for tests that send more requests than its limits allow.
struct unlimited_shop : shop {
    unlimited_shop()
        : shop({"--limits.address.burst", "100000", "--limits.user.burst", "100000", "--overload.min", "10000",
                "--overload.max", "10000"}) {}
};

} // namespace miniapp_test
