// SPDX-License-Identifier: MIT
// Caching of host addresses, and sharing of lookups.
#include "http/client/lookup.hpp"

#include "support/client_fixture.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>

#include <map>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

using boost::asio::ip::make_address;

// A resolver that answers at the test's command.
struct lookup_fixture {
    manual_clock time;
    loop home{time};
    int asked = 0;
    std::multimap<std::string, client_lookup::answer> open;
    client_lookup names{home, 30s, [this](const std::string& host, client_lookup::answer report) {
                            ++asked;
                            open.emplace(host, std::move(report));
                        }};

    struct call {
        client_interrupt stop{};
        std::optional<result<client_lookup::addresses>> outcome{};
    };

    task<void> ask(call& into, std::string host) { into.outcome = co_await names.find(std::move(host), into.stop); }

    void start(call& into, const std::string& host = "shop.example") {
        home.spawn(ask(into, host));
        home.poll();
    }
    void answer(const char* address, const std::string& host = "shop.example") {
        client_lookup::addresses found;
        if (*address) found.push_back(make_address(address));
        const auto report = open.extract(host);
        report.mapped()(*address ? boost::system::error_code() : boost::asio::error::host_not_found, std::move(found));
        home.poll();
    }
    static std::string address(const call& ended) { return ended.outcome->value().at(0).to_string(); }
};

} // namespace

TEST_CASE_FIXTURE(lookup_fixture, "a name's addresses are cached for their time and then looked up again") {
    call first;
    start(first);
    CHECK(!first.outcome);
    answer("192.0.2.1");
    CHECK(address(first) == "192.0.2.1");

    time.advance(29s);
    call second;
    start(second);
    CHECK(address(second) == "192.0.2.1");
    CHECK(asked == 1);

    time.advance(1s);
    call third;
    start(third);
    CHECK(asked == 2);
    answer("192.0.2.2");
    CHECK(address(third) == "192.0.2.2");
}

TEST_CASE_FIXTURE(lookup_fixture, "concurrent calls for one name share a lookup, another name has its own") {
    std::vector<call> calls(3);
    for (auto& one : calls) start(one);
    call other;
    start(other, "pay.example");
    CHECK(asked == 2);
    answer("192.0.2.1");
    for (const auto& one : calls) CHECK(address(one) == "192.0.2.1");
    CHECK(!other.outcome);
    answer("192.0.2.9", "pay.example");
    CHECK(address(other) == "192.0.2.9");
}

TEST_CASE_FIXTURE(lookup_fixture, "a failure is reported to all waiting calls, and isn't cached") {
    call first;
    call second;
    start(first);
    start(second);
    answer("");
    CHECK(first.outcome->error() == errc::unavailable);
    CHECK(first.outcome->error().message().find("looking up shop.example failed: ") == 0);
    CHECK(second.outcome->error() == errc::unavailable);
    call third;
    start(third);
    CHECK(asked == 2);
    answer("192.0.2.1");
    CHECK(address(third) == "192.0.2.1");
}

TEST_CASE_FIXTURE(lookup_fixture, "a call may give up; the lookup continues for the others and is cached") {
    call hasty;
    call patient;
    start(hasty);
    start(patient);
    hasty.stop.raise(errc::cancelled);
    home.poll();
    CHECK(hasty.outcome->error() == errc::unavailable);
    CHECK(!patient.outcome);
    patient.stop.raise(errc::deadline_exceeded);
    home.poll();
    CHECK(patient.outcome);
    answer("192.0.2.1");
    call later;
    start(later);
    CHECK(address(later) == "192.0.2.1");
    CHECK(asked == 1);
}

TEST_CASE_FIXTURE(lookup_fixture, "an address needs no lookup, a forgotten name a new one") {
    call v4;
    start(v4, "127.0.0.1");
    CHECK(address(v4) == "127.0.0.1");
    call v6;
    start(v6, "::1");
    CHECK(address(v6) == "::1");
    CHECK(asked == 0);

    call first;
    start(first);
    answer("192.0.2.1");
    names.forget("shop.example");
    call second;
    start(second);
    CHECK(asked == 2);
    answer("192.0.2.2");
    CHECK(address(second) == "192.0.2.2");
}

TEST_CASE_FIXTURE(lookup_fixture, "the number of cached names is limited") {
    for (std::size_t i = 0; i <= client_lookup::most; ++i) {
        call one;
        const std::string host = "host-" + std::to_string(i);
        start(one, host);
        answer("192.0.2.1", host);
    }
    call newest;
    start(newest, "host-" + std::to_string(client_lookup::most));
    CHECK(newest.outcome);
    call oldest;
    start(oldest, "host-0");
    CHECK(!oldest.outcome);
    answer("192.0.2.1", "host-0");
}

TEST_CASE_FIXTURE(lookup_fixture, "an answer that arrives after the client is gone is dropped") {
    client_lookup::answer left;
    {
        client_lookup gone(home, 30s, [&](const std::string&, client_lookup::answer report) {
            left = std::move(report);
        });
        call one;
        auto work = [&]() -> task<void> { one.outcome = co_await gone.find("shop.example", one.stop); };
        home.spawn(work());
        home.poll();
        one.stop.raise(errc::cancelled);
        home.poll();
        CHECK(one.outcome);
    }
    left({}, {make_address("192.0.2.1")});
    home.poll();
}
