// SPDX-License-Identifier: MIT
#pragma once

#include "settings.hpp"
#include <weir/core/loop_local.hpp>
#include <weir/core/task.hpp>
#include <weir/http/client.hpp>
#include <weir/observe/log.hpp>
#include <weir/observe/metrics.hpp>
#include <weir/resilience/circuit_breaker.hpp>
#include <weir/resilience/retry.hpp>
#include <weir/resilience/stack.hpp>
#include <weir/resilience/timeout.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace miniapp {

struct code2session_answer {
    std::optional<std::string> openid{};
    std::optional<std::int64_t> errcode{};
    std::optional<std::string> errmsg{};
};
BOOST_DESCRIBE_STRUCT(code2session_answer, (), (openid, errcode, errmsg))

/// Exchanges the code of wx.login() for the user's openid (code2Session,
/// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html).
/// The session_key that comes along is dropped here: nothing in this shop needs it. What fails for the moment is tried
/// again within the deadline; while most questions fail, none is asked. Shared by all loops.
class wechat_login {
public:
    wechat_login(wechat_settings settings, const weir::logger& log);

    /// 401 `invalid_code` for a code that is wrong, used or expired, 403 `user_blocked`, 429 when WeChat limits
    /// the user, 503 when it is busy, late or away, 502 for an answer that makes no sense.
    weir::task<weir::result<std::string>> openid_of(std::string code);

    void measure(weir::metrics& to) const;

private:
    std::string address_of(const std::string& code) const;
    weir::task<weir::result<code2session_answer>> ask(const std::string& address);

    wechat_settings settings_;
    weir::loop_local<weir::http::client> clients_;
    weir::timeout whole_;
    weir::retry backoff_;
    weir::circuit_breaker breaker_;
    weir::stack<weir::timeout, weir::retry, weir::circuit_breaker> policy_{whole_, backoff_, breaker_};
};

} // namespace miniapp
