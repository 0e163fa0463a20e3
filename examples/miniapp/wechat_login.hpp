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
/// Drops the session_key, which this shop does not need. Retries transient failures within the deadline; while most
/// calls fail, a circuit breaker refuses them. Shared by all loops.
class wechat_login {
public:
    wechat_login(wechat_settings settings, const weir::logger& log);

    /// Errors: 401 `invalid_code` for a wrong, used or expired code, 403 `user_blocked`, 429 if WeChat limits the
    /// user, 503 if WeChat is busy, late or unreachable, 502 for an invalid answer.
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
