// SPDX-License-Identifier: MIT
#include "miniapp/shop.hpp"
#include <weir/core/loop.hpp>
#include <weir/orm/database.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <thread>

using namespace miniapp_test;
using namespace std::chrono_literals;

namespace {

// Holds the write lock of the shop's database, as a backup or a migration from another program would.
class write_lock {
public:
    explicit write_lock(const std::string& file) : db_(file) {
        thread_ = std::thread([this] {
            auto body = [this](weir::transaction&) -> weir::result<void> {
                locked_.set_value();
                release_.get_future().wait();
                return weir::ok();
            };
            home_.block_on(db_.transaction(body)).value();
        });
        locked_.get_future().wait();
    }
    ~write_lock() {
        if (thread_.joinable()) release();
    }
    write_lock(const write_lock&) = delete;
    write_lock& operator=(const write_lock&) = delete;

    void release() {
        release_.set_value();
        thread_.join();
    }

private:
    weir::loop home_;
    weir::database db_;
    std::promise<void> locked_;
    std::promise<void> release_;
    std::thread thread_;
};

} // namespace

TEST_CASE_FIXTURE(shop, "the shop is ready while its only writing connection is busy") {
    const auto token = log_in("alice").token;
    write_lock lock(database_file());
    socket_client buyer(port());
    buyer.send(order_bytes(1, 1, token)); // waits up to 3 s for the lock, on the writing connection
    const auto begun = std::chrono::steady_clock::now();
    while (metric(R"(adaptive_limit_in_flight{name="api"})") < 1)
        REQUIRE(std::chrono::steady_clock::now() - begun < 2s);

    const auto asked = std::chrono::steady_clock::now();
    const auto res = ask("GET", "/readyz");
    CHECK(std::chrono::steady_clock::now() - asked < 1s);
    CHECK(res.status == 200);
    CHECK(res.body == "ready\n");
    lock.release();
    CHECK(buyer.receive().status == 201);
}
