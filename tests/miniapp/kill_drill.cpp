// SPDX-License-Identifier: MIT
// labels: long
// The program, or a service it depends on, killed repeatedly under load.
#include "miniapp/shop.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <map>
#include <random>
#include <thread>

using namespace miniapp_test;

namespace {

constexpr int buyers_at_once = 4;
constexpr std::int64_t products = 8;

using orders_by_id = std::map<std::int64_t, order>; // by id

// Orders each product in turn until the server is gone; returns the orders that were answered with 201.
orders_by_id buy_until_killed(std::uint16_t port, std::string_view token, std::int64_t first,
                              std::atomic<int>& answered) {
    orders_by_id kept;
    try {
        socket_client client(port);
        for (std::int64_t turn = first;; ++turn) {
            const std::string body = shop::order_body(turn % products + 1, 1);
            const auto res = client.request("POST", "/api/v1/orders", body, authorization(token));
            if (res.status == 201) {
                const auto made = body_of<order>(res, 201);
                kept.emplace(made.id, made);
            }
            ++answered;
        }
    } catch (const std::runtime_error&) { // the kill
    }
    return kept;
}

// A shop whose circuit breaker probes WeChat again at once.
struct probing_shop : shop {
    probing_shop() : shop({"--wechat.breaker.open_for", "1ms"}) {}
};

void wait_for(const std::atomic<int>& count, int wanted) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (count < wanted && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    REQUIRE(count >= wanted);
}

// Loads the shop, kills it after this many answers, and returns the orders that were answered with 201.
orders_by_id kill_after(shop& it, const std::string& token, int answers) {
    std::atomic<int> answered{0};
    std::vector<std::future<orders_by_id>> buyers;
    for (int i = 0; i < buyers_at_once; ++i)
        buyers.push_back(
            std::async(std::launch::async, [&, i] { return buy_until_killed(it.port(), token, i, answered); }));
    wait_for(answered, answers);
    it.program().signal(SIGKILL);
    orders_by_id all;
    for (auto& buyer : buyers) all.merge(buyer.get());
    CHECK(it.program().wait() == 128 + SIGKILL);
    return all;
}

orders_by_id stored(shop& it, const login& who) {
    orders_by_id all;
    for (int page = 1;; ++page) {
        const auto target =
            "/api/v1/users/" + std::to_string(who.user.id) + "/orders?size=100&page=" + std::to_string(page);
        const auto some = body_of<list<order>>(it.ask("GET", target, {}, who.token));
        for (const auto& one : some.items) all.emplace(one.id, one);
        if (some.items.empty()) return all;
    }
}

std::map<std::int64_t, std::int64_t> stock(shop& it) {
    std::map<std::int64_t, std::int64_t> left;
    for (const auto& one : body_of<list<product>>(it.ask("GET", "/api/v1/products?size=100")).items)
        left[one.id] = one.stock;
    return left;
}

std::map<std::int64_t, std::int64_t> with_sold(std::map<std::int64_t, std::int64_t> left, const orders_by_id& sold) {
    for (const auto& [id, one] : sold)
        for (const auto& item : one.items) left[item.product_id] += item.quantity;
    return left;
}

} // namespace

TEST_CASE_FIXTURE(shop,
                  "the shop, killed 40 times under load, keeps every order that it answered, and each of them whole") {
    const login alice = log_in("alice");
    const auto at_first = stock(*this);
    REQUIRE(at_first.size() == products);
    std::mt19937 chance(20260101); // NOLINT(cert-msc51-cpp): the same drill each time
    std::uniform_int_distribution<int> answers(1, 15);
    constexpr int rounds = 40;
    orders_by_id promised;
    for (int round = 0; round < rounds; ++round) {
        CAPTURE(round);
        promised.merge(kill_after(*this, alice.token, answers(chance)));
        start();
        const orders_by_id kept = stored(*this, alice);
        for (const auto& each : promised) {
            CAPTURE(each.first);
            REQUIRE(kept.count(each.first) == 1);
            CHECK(kept.at(each.first).total_cents == each.second.total_cents);
            CHECK(kept.at(each.first).items == each.second.items);
        }
        // at each kill at most the orders in flight were stored and not answered
        CHECK(kept.size() <= promised.size() + std::size_t(buyers_at_once) * std::size_t(round + 1));
        CHECK(with_sold(stock(*this), kept) == at_first);
    }
    CHECK(promised.size() > rounds);
}

TEST_CASE_FIXTURE(probing_shop, "only logins fail each time that WeChat becomes unavailable") {
    const login alice = log_in("alice");
    for (int round = 0; round < 10; ++round) {
        CAPTURE(round);
        line.refuse();
        line.reset_all();
        std::vector<std::future<wire_response>> logins;
        for (int i = 0; i < buyers_at_once; ++i)
            logins.push_back(std::async(std::launch::async, [this] { return log_in_with(wechat.login("alice")); }));
        CHECK(body_of<user>(ask("GET", "/api/v1/me", {}, alice.token)).id == alice.user.id);
        CHECK(order_of(1, 1, alice.token).status == 201);
        for (auto& each : logins) refusal(each.get(), 503, "unavailable");
        line.heal();
        CHECK(log_in("alice").user.id == alice.user.id);
    }
}
