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

namespace miniapp {

struct wechat_settings {
    std::string base_url = "https://api.weixin.qq.com";
    std::string appid{};
    std::string secret{};
    std::chrono::milliseconds deadline{5000}; // of one question; a login that takes longer is a 503
};
BOOST_DESCRIBE_STRUCT(wechat_settings, (), (base_url, appid, secret, deadline))

struct auth_settings {
    std::string jwt_secret{}; // HS256: at least 32 bytes
    std::int64_t expires_in = 7200;
};
BOOST_DESCRIBE_STRUCT(auth_settings, (), (jwt_secret, expires_in))

struct db_settings {
    std::int64_t readers = 4;
};
BOOST_DESCRIBE_STRUCT(db_settings, (), (readers))

struct settings {
    std::string address = "0.0.0.0";
    std::int64_t port = 8080;
    std::int64_t loops = 0;
    std::string data = "data";
    std::string web = "web";
    weir::log_level log_level = weir::log_level::info;
    bool seed = true;
    db_settings db{};
    wechat_settings wechat{};
    auth_settings auth{};
};
BOOST_DESCRIBE_STRUCT(settings, (), (address, port, loops, data, web, log_level, seed, db, wechat, auth))

struct longer_than_nothing {
    static constexpr std::string_view name() { return "longer_than_nothing"; }

    template<class M>
    static constexpr void fit() {}
    static bool holds(std::chrono::milliseconds value) { return value.count() > 0; }
    static std::string message() { return "must be longer than 0"; }
};

} // namespace miniapp

template<>
inline constexpr auto weir::schema<miniapp::wechat_settings> =
    weir::object()
        .field(&miniapp::wechat_settings::appid, weir::not_empty)
        .field(&miniapp::wechat_settings::secret, weir::not_empty, weir::secret)
        .field(&miniapp::wechat_settings::deadline, miniapp::longer_than_nothing{});

template<>
inline constexpr auto weir::schema<miniapp::auth_settings> = weir::object()
                                                                 .field(&miniapp::auth_settings::jwt_secret,
                                                                        weir::min_length(32), weir::secret)
                                                                 .field(&miniapp::auth_settings::expires_in,
                                                                        weir::range(60, 86400));

template<>
inline constexpr auto weir::schema<miniapp::db_settings> = weir::object().field(&miniapp::db_settings::readers,
                                                                                weir::range(1, 64));

template<>
inline constexpr auto weir::schema<miniapp::settings> = weir::object()
                                                            .field(&miniapp::settings::port, weir::range(0, 65535))
                                                            .field(&miniapp::settings::loops, weir::range(0, 256))
                                                            .field(&miniapp::settings::data, weir::not_empty)
                                                            .field(&miniapp::settings::web, weir::not_empty);
