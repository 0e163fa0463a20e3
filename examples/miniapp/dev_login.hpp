// SPDX-License-Identifier: MIT
#pragma once

#include "api.hpp"
#include "settings.hpp"
#include <weir/core/loop_local.hpp>
#include <weir/http/client.hpp>

#include <map>
#include <mutex>

namespace miniapp {

struct dev_login_request {
    std::string user{};
};
BOOST_DESCRIBE_STRUCT(dev_login_request, (), (user))

/// The dev profile's stand-in for wx.login(): POST /dev/wx-login {"user":"alice"} asks the WeChat sandbox for
/// a fresh code of that user. It also remembers whose code it was, so that `alice` is called so at her first
/// login and `admin` is one. Shared by all loops.
class dev_login {
public:
    explicit dev_login(const wechat_settings& settings);

    reply<login_request> wx_login(weir::body<dev_login_request> in);
    std::optional<introduction> introduce(std::string_view code);
    void mount(weir::router& dev);

private:
    void remember(const std::string& code, const std::string& user);

    std::string sandbox_;
    weir::loop_local<weir::http::client> clients_;
    std::mutex mutex_;
    std::map<std::string, std::string, std::less<>> users_; // by code
};

} // namespace miniapp

template<>
inline constexpr auto weir::schema<miniapp::dev_login_request> = weir::object().field(&miniapp::dev_login_request::user,
                                                                                      weir::not_empty,
                                                                                      weir::max_length(64));
