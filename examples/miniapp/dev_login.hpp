// SPDX-License-Identifier: MIT
#pragma once

#include "api.hpp"
#include "settings.hpp"
#include <weir/core/loop_local.hpp>
#include <weir/http/client.hpp>

#include <string>

namespace miniapp {

struct dev_login_request {
    std::string user{};
};
BOOST_DESCRIBE_STRUCT(dev_login_request, (), (user))

/// The dev profile's stand-in for wx.login(): POST /dev/wx-login {"user":"alice"} gets a new code for that user from
/// the WeChat sandbox. Before it answers, it stores the user under that name, and `admin` as an admin, so that a login
/// that fails and is repeated has the same result. Keeps a nickname or role that an admin has changed. Shared by all
/// loops.
class dev_login {
public:
    dev_login(store& rows, registration& newcomers, const wechat_settings& settings);

    reply<login_request> wx_login(weir::body<dev_login_request> in);
    void mount(weir::router& dev);

private:
    reply<void> store_user(std::string openid, std::string name);

    store& rows_;
    registration& newcomers_;
    std::string sandbox_;
    weir::loop_local<weir::http::client> clients_;
};

} // namespace miniapp

template<>
inline constexpr auto weir::schema<miniapp::dev_login_request> =
    weir::object().field(&miniapp::dev_login_request::user, weir::not_empty, weir::max_length(64));
