// SPDX-License-Identifier: MIT
// labels: concurrency
#include "http/server/address_limit.hpp"

#include <weir/http/server.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using http::detail::address_limit;
using http::detail::network_list;

namespace {

boost::asio::ip::address at(const std::string& text) { return boost::asio::ip::make_address(text); }

network_list networks(const std::vector<std::string>& given) { return network_list::from(given).value(); }

} // namespace

TEST_CASE("a client may have that many connections, and another client as many") {
    address_limit limit(2);
    const auto first = limit.enter(at("203.0.113.7"));
    REQUIRE(first);
    CHECK(*first != address_limit::uncounted);
    CHECK(limit.enter(at("203.0.113.7")));
    CHECK(!limit.enter(at("203.0.113.7")));
    CHECK(limit.enter(at("203.0.113.8")));
    limit.leave(*first);
    CHECK(limit.enter(at("203.0.113.7")));
    CHECK(!limit.enter(at("203.0.113.7")));
}

TEST_CASE("an IPv6 client is its /64, regardless of its address's rest and its link") {
    address_limit limit(1);
    CHECK(limit.enter(at("2001:db8:0:1::1")));
    CHECK(!limit.enter(at("2001:db8:0:1:ffff:ffff:ffff:ffff")));
    CHECK(limit.enter(at("2001:db8:0:2::1")));
    CHECK(limit.enter(at("fe80::1%1")));
    CHECK(!limit.enter(at("fe80::2")));
}

TEST_CASE("an IPv4 client is the same on a dual-stack socket, and distinct from IPv6 ones") {
    address_limit limit(1);
    CHECK(limit.enter(at("192.0.2.1")));
    CHECK(!limit.enter(at("::ffff:192.0.2.1")));
    CHECK(limit.enter(at("::192.0.2.1")));
    CHECK(limit.enter(at("0:0:c000:201::")));
}

TEST_CASE("listed addresses and networks have no limit") {
    address_limit limit(1, networks({"10.0.0.0/8", "198.51.100.4", "2001:db8::/32", "fe80::/10"}));
    for (const char* one : {"10.255.0.1", "::ffff:10.0.0.1", "198.51.100.4", "2001:db8:7::1", "fe80::1%1"})
        for (int i = 0; i < 3; ++i) CHECK(limit.enter(at(one)) == address_limit::uncounted);
    CHECK(limit.clients() == 0);
    CHECK(limit.enter(at("198.51.100.5")));
    CHECK(!limit.enter(at("198.51.100.5")));
}

TEST_CASE("by default, networks that are not routed on the internet have no limit") {
    const network_list unrouted = networks(http::unrouted_networks());
    for (const char* one : {"127.0.0.1", "127.8.0.1", "::1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
                            "100.64.0.1", "169.254.1.1", "fd00::1", "fe80::1"})
        CHECK_MESSAGE(unrouted.holds(at(one)), one);
    for (const char* one : {"8.8.8.8", "172.32.0.1", "172.15.0.1", "192.169.0.1", "100.128.0.1", "2001:db8::1", "::2"})
        CHECK_MESSAGE(!unrouted.holds(at(one)), one);
}

TEST_CASE("a limit of 0 means none") {
    address_limit limit(0);
    for (int i = 0; i < 3; ++i) CHECK(limit.enter(at("203.0.113.7")) == address_limit::uncounted);
}

TEST_CASE("an entry that is neither an address nor a network is named") {
    for (const char* wrong : {"10.0.0.0/33", "localhost", "", "::1/129", "10.0.0.0/"}) {
        const auto made = network_list::from({"10.0.0.0/8", wrong});
        REQUIRE(!made);
        CHECK(made.error() == errc::invalid_argument);
        CHECK(made.error().message() == "not an address or network: " + std::string(wrong));
    }
}

TEST_CASE("a closed connection leaves nothing behind, and counts from many threads add up") {
    address_limit limit(3);
    std::atomic<int> most{0};
    std::atomic<int> inside{0};
    std::atomic<int> admitted{0};
    std::vector<std::thread> loops;
    for (int t = 0; t < 4; ++t)
        loops.emplace_back([&, t] {
            for (int i = 0; i < 2000; ++i) {
                const auto shared = limit.enter(at("203.0.113.7"));
                const auto own = limit.enter(at("2001:db8:0:" + std::to_string(t) + "::1"));
                if (shared) {
                    ++admitted;
                    const int now = ++inside;
                    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
                    --inside;
                    limit.leave(*shared);
                }
                if (own) limit.leave(*own);
            }
        });
    for (auto& one : loops) one.join();
    CHECK(admitted > 0);
    CHECK(most <= 3);
    CHECK(limit.clients() == 0);
}
