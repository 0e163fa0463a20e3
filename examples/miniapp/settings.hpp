// SPDX-License-Identifier: MIT
#pragma once

#include <weir/observe/log.hpp>
#include <weir/reflect/duration_format.hpp>
#include <weir/reflect/schema.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace miniapp {

// Retries of calls to WeChat after transient failures.
struct retry_settings {
    std::int64_t attempts = 3;          // including the first one
    std::chrono::milliseconds base{50}; // longest first wait; doubles for each further one
};
BOOST_DESCRIBE_STRUCT(retry_settings, (), (attempts, base))

// When calls to WeChat stop, and for how long.
struct breaker_settings {
    double failure_rate = 0.5;
    std::int64_t minimum_calls = 20; // before the rate counts, which is of the last 100 calls at most
    std::chrono::milliseconds open_for{10000};
};
BOOST_DESCRIBE_STRUCT(breaker_settings, (), (failure_rate, minimum_calls, open_for))

struct wechat_settings {
    std::string base_url = "https://api.weixin.qq.com";
    std::string appid{};
    std::string secret{};
    std::chrono::milliseconds deadline{5000};       // of one call; beyond it the login is a 503
    std::chrono::milliseconds login_deadline{8000}; // of all calls of one login
    retry_settings retry{};
    breaker_settings breaker{};
};
BOOST_DESCRIBE_STRUCT(wechat_settings, (), (base_url, appid, secret, deadline, login_deadline, retry, breaker))

struct auth_settings {
    std::string jwt_secret{}; // HS256: at least 32 bytes
    std::int64_t expires_in = 7200;
    std::chrono::seconds grace = std::chrono::hours(1); // how long an expired token logs in while WeChat is unavailable
};
BOOST_DESCRIBE_STRUCT(auth_settings, (), (jwt_secret, expires_in, grace))

struct db_settings {
    std::int64_t readers = 4;
};
BOOST_DESCRIBE_STRUCT(db_settings, (), (readers))

// Where events are queued. Only `memory` needs no server.
enum class queue_engine { memory, redis, rabbitmq };
BOOST_DESCRIBE_ENUM(queue_engine, memory, redis, rabbitmq)

struct queue_settings {
    queue_engine engine = queue_engine::memory;
    std::chrono::milliseconds lease{60000}; // after a crash, events in progress are published again when it has ended
};
BOOST_DESCRIBE_STRUCT(queue_settings, (), (engine, lease))

struct mail_settings {
    std::string url{}; // smtp://user:password@host:port, smtps://...; empty: mails go to the log
    std::string from = "shop@example.com";
    std::chrono::milliseconds timeout{10000}; // of one mail
    std::int64_t connections = 4;             // at a time, with a thread each
};
BOOST_DESCRIBE_STRUCT(mail_settings, (), (url, from, timeout, connections))

// `rate` requests in each `per`, `burst` of them at once.
struct rate_settings {
    double rate = 0;
    std::chrono::milliseconds per = std::chrono::minutes(1);
    std::int64_t burst = 0;
};
BOOST_DESCRIBE_STRUCT(rate_settings, (), (rate, per, burst))

struct limits_settings {
    rate_settings address{.rate = 1200, .burst = 300}; // shared by many users behind a gateway
    rate_settings user{.rate = 300, .burst = 60};
};
BOOST_DESCRIBE_STRUCT(limits_settings, (), (address, user))

// Bounds of the number of requests in flight, which adapts to their latency.
struct overload_settings {
    std::int64_t min = 100;
    std::int64_t max = 1000;
};
BOOST_DESCRIBE_STRUCT(overload_settings, (), (min, max))

struct settings {
    std::string address = "0.0.0.0";
    std::int64_t port = 8080;
    std::int64_t loops = 0;
    std::string data = "data";
    std::string web = "web";
    weir::log_level log_level = weir::log_level::info;
    bool seed = false;                          // stores eight products at the start if there are none
    std::vector<std::string> trusted_proxies{}; // addresses or networks
    db_settings db{};
    wechat_settings wechat{};
    auth_settings auth{};
    limits_settings limits{};
    overload_settings overload{};
    queue_settings queue{};
    mail_settings mail{};
};
BOOST_DESCRIBE_STRUCT(settings, (),
                      (address, port, loops, data, web, log_level, seed, trusted_proxies, db, wechat, auth, limits,
                       overload, queue, mail))

struct longer_than_nothing {
    static constexpr std::string_view name() { return "longer_than_nothing"; }

    template<class M>
    static constexpr void fit() {}
    static bool holds(std::chrono::milliseconds value) { return value.count() > 0; }
    static std::string message() { return "must be longer than 0"; }
};

struct addresses_or_networks {
    static constexpr std::string_view name() { return "addresses_or_networks"; }

    template<class M>
    static constexpr void fit() {}
    static bool holds(const std::vector<std::string>& value);
    static std::string message() { return "must be addresses or networks, such as 10.0.0.0/8"; }
};

} // namespace miniapp

template<>
inline constexpr auto weir::schema<miniapp::retry_settings> =
    weir::object()
        .field(&miniapp::retry_settings::attempts, weir::range(1, 10))
        .field(&miniapp::retry_settings::base, miniapp::longer_than_nothing{});

template<>
inline constexpr auto weir::schema<miniapp::breaker_settings> =
    weir::object()
        .field(&miniapp::breaker_settings::failure_rate, weir::range(0.01, 1.0))
        .field(&miniapp::breaker_settings::minimum_calls, weir::range(1, 100))
        .field(&miniapp::breaker_settings::open_for, miniapp::longer_than_nothing{});

template<>
inline constexpr auto weir::schema<miniapp::rate_settings> =
    weir::object()
        .field(&miniapp::rate_settings::rate, weir::range(0.001, 1e6))
        .field(&miniapp::rate_settings::per, miniapp::longer_than_nothing{})
        .field(&miniapp::rate_settings::burst, weir::range(1, 1000000));

template<>
inline constexpr auto weir::schema<miniapp::overload_settings> =
    weir::object()
        .field(&miniapp::overload_settings::min, weir::range(1, 10000))
        .field(&miniapp::overload_settings::max, weir::range(1, 10000));

template<>
inline constexpr auto weir::schema<miniapp::wechat_settings> =
    weir::object()
        .field(&miniapp::wechat_settings::appid, weir::not_empty)
        .field(&miniapp::wechat_settings::secret, weir::not_empty, weir::secret)
        .field(&miniapp::wechat_settings::deadline, miniapp::longer_than_nothing{})
        .field(&miniapp::wechat_settings::login_deadline, miniapp::longer_than_nothing{});

template<>
inline constexpr auto weir::schema<miniapp::auth_settings> =
    weir::object()
        .field(&miniapp::auth_settings::jwt_secret, weir::min_length(32), weir::secret)
        .field(&miniapp::auth_settings::expires_in, weir::range(60, 86400));

template<>
inline constexpr auto weir::schema<miniapp::db_settings> =
    weir::object().field(&miniapp::db_settings::readers, weir::range(1, 64));

template<>
inline constexpr auto weir::schema<miniapp::queue_settings> =
    weir::object().field(&miniapp::queue_settings::lease, miniapp::longer_than_nothing{});

template<>
inline constexpr auto weir::schema<miniapp::mail_settings> =
    weir::object()
        .field(&miniapp::mail_settings::url, weir::secret)
        .field(&miniapp::mail_settings::from, weir::email)
        .field(&miniapp::mail_settings::timeout, miniapp::longer_than_nothing{})
        .field(&miniapp::mail_settings::connections, weir::range(1, 64));

template<>
inline constexpr auto weir::schema<miniapp::settings> =
    weir::object()
        .field(&miniapp::settings::port, weir::range(0, 65535))
        .field(&miniapp::settings::loops, weir::range(0, 256))
        .field(&miniapp::settings::data, weir::not_empty)
        .field(&miniapp::settings::trusted_proxies, miniapp::addresses_or_networks{})
        .field(&miniapp::settings::web, weir::not_empty);
