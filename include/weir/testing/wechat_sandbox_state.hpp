// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>
#include <weir/core/result.hpp>
#include <weir/reflect/describe.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>

namespace weir::testing {

struct wechat_sandbox_options {
    std::string appid = "wx5a4db0c5a4db0c5a";
    std::string secret = "sandbox-secret-0123456789abcdef0";
    bool unionid = false; ///< whether the app is bound to an open-platform account, so that users have one
    duration code_lifetime = std::chrono::minutes(5);
    const weir::clock* time = &system_clock();
};

/// The query of GET /sns/jscode2session; missing parameters are empty.
struct wechat_code2session {
    std::string appid{};
    std::string secret{};
    std::string js_code{};
    std::string grant_type{};
};
BOOST_DESCRIBE_STRUCT(wechat_code2session, (), (appid, secret, js_code, grant_type))

/// A response of the sandbox: HTTP 200 with text/plain by default, as on the platform.
struct wechat_sandbox_reply {
    int status = 200;
    std::string content_type = "text/plain";
    std::string body{};
    duration after{}; ///< delay before sending it
};

struct wechat_sandbox_stats {
    std::uint64_t logins = 0;    ///< codes issued
    std::uint64_t calls = 0;     ///< calls of jscode2session
    std::uint64_t exchanged = 0; ///< calls that returned a session
};

/// The WeChat platform's side of a mini program's login, without any transport: a test double, not the real platform. A
/// code works once and for five minutes; openid depends only on app and user; every session has its own key.
/// Thread-safe. Source: the page of code2Session in WeChat's server API (auth.code2Session); 40163 and 40125 as in its
/// SDKs.
class wechat_sandbox_state {
public:
    explicit wechat_sandbox_state(wechat_sandbox_options options = {}) : options_(std::move(options)) {}

    const wechat_sandbox_options& options() const noexcept { return options_; }

    /// Simulates wx.login() on the user's phone: returns a new code.
    std::string login(std::string_view user);
    std::string openid(std::string_view user) const;
    std::string unionid(std::string_view user) const;

    /// Handles the call. Error codes: 41002, 41004, 41008: appid, secret or code is missing; 40002: wrong grant type;
    /// 40013, 40125: wrong appid or secret; 40029: unknown or expired code; 40163: used code.
    wechat_sandbox_reply code2session(const wechat_code2session& asked);

    /// Makes the next calls return this errcode (-1 busy, 45011 too often, 40226 blocked, ...) without using up codes.
    void fail_next(int errcode, int times = 1);
    /// Delays the response to the next call by this much, on the clock of the loop that serves it; beyond the server's
    /// handler deadline the response is a 504.
    void slow_next(duration by);
    /// Makes the next calls return a proxy's error page instead of JSON.
    void garbage_next(int times = 1);

    wechat_sandbox_stats stats() const;

private:
    struct issued {
        std::string user;
        time_point expires;
        bool used = false;
    };
    struct injected {
        enum class kind : std::uint8_t { errcode, slow, garbage } what;
        int errcode = 0;
        duration by{};
    };

    int refusal(const wechat_code2session& asked) const;
    wechat_sandbox_reply answer(const wechat_code2session& asked);
    std::string session(const std::string& user) const;
    void forget_expired();

    const wechat_sandbox_options options_;
    mutable std::mutex mutex_;
    std::map<std::string, issued, std::less<>> codes_;
    std::deque<injected> next_;
    wechat_sandbox_stats counts_;
};

} // namespace weir::testing
