// SPDX-License-Identifier: MIT
#include "redis/wire/checked_options.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>

using namespace std::chrono_literals;
using weir::redis::client_options;

namespace {

std::string refusal(const std::function<void(client_options&)>& spoil) {
    client_options options;
    spoil(options);
    try {
        weir::redis::detail::checked(options);
    } catch (const weir::error_exception& refused) {
        CHECK(refused.failure() == weir::errc::invalid_argument);
        return std::string(refused.failure().message());
    }
    return {};
}

} // namespace

TEST_CASE("the default options and the extreme ones are valid") {
    CHECK(refusal([](auto&) {}).empty());
    CHECK(refusal([](auto& o) { o.timeout = o.connect_timeout = o.stall_timeout = weir::duration::max(); }).empty());
    CHECK(refusal([](auto& o) { o.connect_wait = 0ns; }).empty());
    CHECK(refusal([](auto& o) { o.name.clear(); }).empty());
}

TEST_CASE("a wrong option is named with the accepted values") {
    CHECK(refusal([](auto& o) { o.connections = 0; }) == "client_options::connections = 0: accepted 1 to 64");
    CHECK(refusal([](auto& o) { o.timeout = 0ns; }) == "client_options::timeout = 0 ns: accepted more than 0");
    CHECK(refusal([](auto& o) { o.connect_wait = -1ns; }) ==
          "client_options::connect_wait = -1 ns: accepted 0 or more");
    CHECK(refusal([](auto& o) { o.stall_timeout = 0ns; }).find("stall_timeout") != std::string::npos);
    CHECK(refusal([](auto& o) { o.reconnect_max = 1ns; }).find("reconnect_max") != std::string::npos);
    CHECK(refusal([](auto& o) { o.max_reply = 0; }).find("max_reply") != std::string::npos);
    CHECK(refusal([](auto& o) { o.max_pending_bytes = 0; }).find("max_pending_bytes") != std::string::npos);
    CHECK(refusal([](auto& o) { o.max_dedicated = 0; }).find("max_dedicated") != std::string::npos);
    CHECK(refusal([](auto& o) { o.name = "a b"; }).find("name = \"a b\"") != std::string::npos);
    CHECK(refusal([](auto& o) { o.url = "http://h"; }).find("client_options::url") != std::string::npos);
}

TEST_CASE("a URL with TLS stops the start with a clear error") {
    CHECK(refusal([](auto& o) { o.url = "rediss://h"; }) ==
          "client_options::url: rediss:// needs TLS, which this build of weir::redis lacks: accepted redis://");
}
