// SPDX-License-Identifier: MIT
// A stand-in for api.weixin.qq.com on 127.0.0.1, to try the mini-program backend without a WeChat account. A test
// double, not the real platform.
#include <weir/app.hpp>
#include <weir/testing/wechat_sandbox.hpp>

#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

namespace {

struct settings {
    std::string host = "127.0.0.1";
    std::int64_t port = 8090;
    weir::testing::wechat_sandbox_options wechat{};
};

constexpr const char* usage = "usage: wechat_sandbox [--host ADDRESS] [--port PORT] [--appid ID] [--secret SECRET]\n";

bool set(settings& into, std::string_view name, std::string_view value) {
    if (name == "--host") {
        into.host = value;
        return !value.empty();
    }
    if (name == "--appid") {
        into.wechat.appid = value;
        return !value.empty();
    }
    if (name == "--secret") {
        into.wechat.secret = value;
        return !value.empty();
    }
    if (name != "--port") return false;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), into.port);
    return failed == std::errc{} && end == value.data() + value.size() && into.port >= 0 && into.port <= 65535;
}

bool parse(int argc, char** argv, settings& into) {
    for (int i = 1; i + 1 < argc; i += 2)
        if (!set(into, argv[i], argv[i + 1])) return false;
    return argc % 2 == 1;
}

void announce(const std::string& host, std::uint16_t port) {
    std::printf("WeChat sandbox (test double, not the real platform) listening on %s:%u\n", host.c_str(),
                unsigned{port});
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    settings given;
    if (!parse(argc, argv, given)) {
        std::fputs(usage, stderr);
        return 2;
    }

    weir::testing::wechat_sandbox_routes sandbox(given.wechat);
    weir::app app;
    sandbox.mount(app);
    app.serve_health();
    app.on_listening([&](std::uint16_t port) { announce(given.host, port); });
    return app.run({.address = given.host, .port = given.port, .loops = 1});
}
