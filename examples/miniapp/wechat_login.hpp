// SPDX-License-Identifier: MIT
#pragma once

#include "settings.hpp"
#include <weir/core/loop_local.hpp>
#include <weir/core/task.hpp>
#include <weir/http/client.hpp>

#include <string>

namespace miniapp {

/// Exchanges the code of wx.login() for the user's openid (code2Session,
/// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html).
/// The session_key that comes along is dropped here: nothing in this shop needs it. Shared by all loops.
class wechat_login {
public:
    explicit wechat_login(wechat_settings settings);

    /// 401 `invalid_code` for a code that is wrong, used or expired, 403 `user_blocked`, 429 when WeChat limits
    /// the user, 503 when it is busy, late or away, 502 for an answer that makes no sense.
    weir::task<weir::result<std::string>> openid_of(std::string code);

private:
    wechat_settings settings_;
    weir::loop_local<weir::http::client> clients_;
};

} // namespace miniapp
