// SPDX-License-Identifier: MIT
#pragma once

#include "support/temporary_folder.hpp"
#include <weir/core/loop.hpp>
#include <weir/orm.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace orm_test {

enum class role : std::uint8_t { customer, admin };
BOOST_DESCRIBE_ENUM(role, customer, admin)

struct todo {
    std::int64_t id{};
    std::string text{};
    bool done{};
};
BOOST_DESCRIBE_STRUCT(todo, (), (id, text, done))

struct user {
    std::int64_t id{};
    std::string openid{};
    std::string name{};
    int age{};
    std::optional<std::string> email{};
    orm_test::role role{};
    weir::wall_time created_at{};
};
BOOST_DESCRIBE_STRUCT(user, (), (id, openid, name, age, email, role, created_at))

inline user user_named(std::string openid, int age = 0) {
    user made;
    made.openid = std::move(openid);
    made.name = "Alice";
    made.age = age;
    return made;
}

/// A query that SQLite never finishes.
inline constexpr const char* endless =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

struct product {
    std::int64_t id{};
    std::string name{};
    std::int64_t stock{};
};
BOOST_DESCRIBE_STRUCT(product, (), (id, name, stock))

using test_support::temporary_folder;

// A call in a separate task that can be cancelled.
template<class T>
struct pending {
    weir::loop& on;
    weir::context ctx;
    boost::asio::cancellation_signal cancel;
    std::optional<weir::result<T>> outcome;

    pending(weir::loop& home, weir::task<weir::result<T>> call) : on(home), ctx(home) {
        home.spawn(wait(std::move(call)), ctx, cancel, [](std::exception_ptr) {});
        home.poll();
    }

    weir::task<void> wait(weir::task<weir::result<T>> call) {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        outcome = co_await std::move(call);
    }

    // The emission is posted to the loop: without the poll it would run after the test's next step.
    void stop() {
        cancel.emit(boost::asio::cancellation_type::total);
        on.poll();
    }

    // Throws if the call hasn't ended within a minute.
    weir::result<T>& wait_on(weir::loop& home) {
        const auto late = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (!outcome) {
            if (home.poll() != 0) continue;
            if (std::chrono::steady_clock::now() > late) throw std::runtime_error("the call doesn't end");
            std::this_thread::yield();
        }
        return *outcome;
    }
};

// Advances by a millisecond at each reading.
class stepping_clock final : public weir::clock {
public:
    weir::time_point now() const noexcept override {
        return weir::time_point(steps_.fetch_add(1) * std::chrono::milliseconds(1));
    }
    weir::wall_time wall_now() const noexcept override { return {}; }

private:
    mutable std::atomic<int> steps_{0};
};

} // namespace orm_test

template<>
inline constexpr auto weir::schema<orm_test::todo> =
    weir::table("todos").key(&orm_test::todo::id).field(&orm_test::todo::text, weir::not_empty, weir::max_length(200));

template<>
inline constexpr auto weir::schema<orm_test::user> =
    weir::table("users")
        .key(&orm_test::user::id)
        .field(&orm_test::user::openid, weir::unique)
        .field(&orm_test::user::age, weir::index);

template<>
inline constexpr auto weir::schema<orm_test::product> = weir::table("products").key(&orm_test::product::id);
