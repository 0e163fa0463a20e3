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

/// The query of GET /sns/jscode2session; what is missing is empty.
struct wechat_code2session {
    std::string appid{};
    std::string secret{};
    std::string js_code{};
    std::string grant_type{};
};
BOOST_DESCRIBE_STRUCT(wechat_code2session, (), (appid, secret, js_code, grant_type))

/// What the sandbox answers: always HTTP 200 with text/plain, as the platform does, unless told otherwise.
struct wechat_sandbox_reply {
    int status = 200;
    std::string content_type = "text/plain";
    std::string body{};
    duration after{}; ///< how long to wait before sending it
};

struct wechat_sandbox_stats {
    std::uint64_t logins = 0;    ///< codes handed out
    std::uint64_t calls = 0;     ///< of jscode2session
    std::uint64_t exchanged = 0; ///< calls that gave a session
};

/// How the WeChat platform answers a mini program's login, without any transport: a test double, not the
/// real platform. A code works once and for five minutes; openid depends on app and user alone; every
/// session has a key of its own. Thread-safe. Source: the page of code2Session in WeChat's server API
/// (auth.code2Session); 40163 and 40125 as its SDKs know them.
class wechat_sandbox_state {
public:
    explicit wechat_sandbox_state(wechat_sandbox_options options = {}) : options_(std::move(options)) {}

    const wechat_sandbox_options& options() const noexcept { return options_; }

    /// Plays wx.login() on the user's phone: a fresh code.
    std::string login(std::string_view user);
    std::string openid(std::string_view user) const;
    std::string unionid(std::string_view user) const;

    /// Answers the call. 41002, 41004, 41008: appid, secret or code is missing; 40002: the grant type;
    /// 40013, 40125: a wrong appid or secret; 40029: the code is unknown or expired; 40163: it was used.
    wechat_sandbox_reply code2session(const wechat_code2session& asked);

    /// The next calls answer with this errcode (-1 busy, 45011 too often, 40226 blocked, ...), codes unused.
    void fail_next(int errcode, int times = 1);
    /// The next call is answered that much later, on the clock of the loop that serves it; beyond the server's
    /// deadline for handlers it answers 504.
    void slow_next(duration by);
    /// The next calls are answered with a proxy's error page instead of JSON.
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
