// SPDX-License-Identifier: MIT
#include "miniapp/shop.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace miniapp_test;

namespace {

const std::vector<std::string> secrets{"WECHAT_APPID=wx0123456789abcdef", "WECHAT_SECRET=of-the-platform-0123456789",
                                       "JWT_SECRET=at-least-32-bytes-of-something-secret"};

// A failed start: its exit status and its output.
struct failed_start {
    int status = -1;
    std::string says{};
};

failed_start start_with(const std::vector<std::string>& more, std::vector<std::string> variables) {
    const test_support::temporary_folder data;
    child_process program(MINIAPP_PROGRAM, arguments(data, more), environment(std::move(variables)));
    const int status = program.wait();
    return {status, program.errors()};
}

// Checks that the output is one line that contains all of these parts.
void check_one_line(const std::string& says, const std::vector<std::string>& parts) {
    INFO(says);
    CHECK(std::count(says.begin(), says.end(), '\n') == 1);
    CHECK(says.back() == '\n');
    for (const auto& part : parts) {
        CAPTURE(part);
        CHECK(says.find(part) != std::string::npos);
    }
}

} // namespace

TEST_CASE("production refuses to start with a WeChat address that is not https, and names it") {
    const auto refused = start_with({"--profile", "prod", "--wechat.base_url", "http://127.0.0.1:8090"}, secrets);
    CHECK(refused.status == 2);
    check_one_line(refused.says, {"wechat.base_url", "http://127.0.0.1:8090", "https://"});
}

TEST_CASE("only the profile turns production into development") {
    const std::string sandbox = "http://127.0.0.1:8090";
    auto variables = secrets;
    variables.push_back("MINIAPP_ENVIRONMENT=dev");
    const auto by_variable = start_with({"--profile", "prod", "--wechat.base_url", sandbox}, variables);
    CHECK(by_variable.status == 2);
    CHECK(by_variable.says.find("MINIAPP_ENVIRONMENT: no such setting") != std::string::npos);
    const auto by_flag =
        start_with({"--profile", "prod", "--wechat.base_url", sandbox, "--environment", "dev"}, secrets);
    CHECK(by_flag.status == 2);
    CHECK(by_flag.says.find("--environment: no such setting") != std::string::npos);
    // the flag overrides the variable
    variables.back() = "MINIAPP_PROFILE=dev";
    const auto by_profile = start_with({"--profile", "prod", "--wechat.base_url", sandbox}, variables);
    CHECK(by_profile.status == 2);
    check_one_line(by_profile.says, {"wechat.base_url", sandbox, "https://"});
}

TEST_CASE("the dev profile refuses to start on an address that is not loopback") {
    for (const std::string address : {"0.0.0.0", "::", "192.0.2.1", "localhost"}) {
        CAPTURE(address);
        const auto refused = start_with({"--profile", "dev", "--address", address}, {});
        CHECK(refused.status == 2);
        check_one_line(refused.says, {"address = " + address, "dev", "loopback"});
    }
    const auto by_variable = start_with({"--address", "0.0.0.0"}, {"MINIAPP_PROFILE=dev"});
    CHECK(by_variable.status == 2);
    check_one_line(by_variable.says, {"address = 0.0.0.0", "loopback"});
}

TEST_CASE("production refuses to start without a secret, and names it") {
    for (std::size_t missing = 0; missing < secrets.size(); ++missing) {
        auto variables = secrets;
        variables.erase(variables.begin() + static_cast<std::ptrdiff_t>(missing));
        const auto refused = start_with({"--profile", "prod"}, variables);
        CHECK(refused.status == 2);
        check_one_line(refused.says, {"miniapp-prod.yaml:", secrets[missing].substr(0, secrets[missing].find('='))});
    }
}

TEST_CASE("production is the default profile") {
    const auto refused = start_with({}, {});
    CHECK(refused.status == 2);
    CHECK(refused.says.find("WECHAT_APPID") != std::string::npos);
}

TEST_CASE("a mistake in the settings stops the start with a line that says which values are accepted") {
    const auto port = start_with({"--profile", "dev", "--port", "70000"}, {});
    CHECK(port.status == 2);
    check_one_line(port.says, {"port", "70000", "0..65535"});
    const auto unknown = start_with({"--profile", "dev", "--wechat.apid", "wx1"}, {});
    CHECK(unknown.status == 2);
    check_one_line(unknown.says, {"wechat.apid", "wechat.appid"});
    const auto rate = start_with({"--profile", "dev", "--limits.user.rate", "0"}, {});
    CHECK(rate.status == 2);
    check_one_line(rate.says, {"limits.user.rate", "0", "0.001..1000000"});
    const auto proxies = start_with({"--profile", "dev", "--trusted_proxies", "10.0.0.0/8, nonsense"}, {});
    CHECK(proxies.status == 2);
    check_one_line(proxies.says, {"trusted_proxies", "addresses or networks"});
    const auto bounds = start_with({"--profile", "dev", "--overload.min", "50", "--overload.max", "20"}, {});
    CHECK(bounds.status == 2);
    check_one_line(bounds.says, {"overload.min = 50", "overload.max = 20"});
    const auto page = start_with({"--profile", "dev", "--web", "/nowhere"}, {});
    CHECK(page.status == 2);
    check_one_line(page.says, {"/nowhere/index.html"});
}

TEST_CASE("production has no developer login and keeps secrets out of the log") {
    const test_support::temporary_folder data;
    child_process program(
        MINIAPP_PROGRAM, arguments(data, {"--profile", "prod", "--wechat.base_url", "https://127.0.0.1:1"}),
        environment(secrets));
    const auto port = port_of(program);
    refusal(socket_client(port).request("POST", "/dev/wx-login", R"({"user":"admin"})"), 404, "not_found");
    CHECK(socket_client(port).request("GET", "/readyz").status == 200);
    // nothing listens on that port
    refusal(socket_client(port).request("POST", "/api/v1/auth/login", R"({"code":"0abc"})"), 503, "unavailable");
    program.signal(SIGTERM);
    CHECK(program.wait() == 0);
    CHECK(program.errors().find("of-the-platform") == std::string::npos);
    CHECK(program.errors().find("at-least-32-bytes") == std::string::npos);
    CHECK(program.errors().find(R"("message":"configured")") != std::string::npos);
}

TEST_CASE("production starts without products, and seeds them only if asked") {
    const test_support::temporary_folder data;
    const auto goods_with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"--profile", "prod"});
        child_process program(MINIAPP_PROGRAM, arguments(data, more), environment(secrets));
        const auto listed = socket_client(port_of(program)).request("GET", "/api/v1/products");
        const auto total = body_of<list<product>>(listed).total;
        program.signal(SIGTERM);
        CHECK(program.wait() == 0);
        return total;
    };
    CHECK(goods_with({}) == 0);
    CHECK(goods_with({"--seed", "true"}) == 8);
    CHECK(goods_with({}) == 8);
}

TEST_CASE("a start on a port in use fails instead of hanging") {
    shop first;
    const test_support::temporary_folder data;
    auto given = arguments(data, {"--profile", "dev"});
    *(std::find(given.begin(), given.end(), "--port") + 1) = std::to_string(first.port());
    child_process second(MINIAPP_PROGRAM, given, environment());
    CHECK(second.wait() == 1);
    CHECK(second.errors().find(std::to_string(first.port())) != std::string::npos);
    CHECK(first.ask("GET", "/healthz").status == 200);
}
