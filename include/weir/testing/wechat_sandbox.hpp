// SPDX-License-Identifier: MIT
#pragma once

#include <weir/testing/wechat_sandbox_state.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::http {
class router;
}

namespace weir::testing {

/// The routes of the sandbox, for your own router: GET /sns/jscode2session as on the platform, and POST /sandbox/code
/// {"user":"alice"} -> {"code":"...","openid":"..."}, which simulates wx.login() and isn't part of the platform. Must
/// outlive the router's server.
class wechat_sandbox_routes {
public:
    explicit wechat_sandbox_routes(wechat_sandbox_options options = {}) : state_(std::move(options)) {}

    wechat_sandbox_state& state() noexcept { return state_; }
    void mount(http::router& r);

private:
    wechat_sandbox_state state_;
};

/// A fake api.weixin.qq.com on a free port of 127.0.0.1, for tests: a weir server on one thread. A test double, not the
/// real platform. To simulate lost connections put a fault_proxy in front of its port.
///
///     wechat_sandbox wechat;
///     auto code = wechat.login("alice");   // then point the code under test at wechat.base_url()
class wechat_sandbox {
public:
    /// Throws error_exception if no port is available.
    explicit wechat_sandbox(wechat_sandbox_options options = {});
    ~wechat_sandbox();
    wechat_sandbox(const wechat_sandbox&) = delete;
    wechat_sandbox& operator=(const wechat_sandbox&) = delete;

    std::uint16_t port() const noexcept;
    /// `http://127.0.0.1:PORT`, to replace https://api.weixin.qq.com
    std::string base_url() const;

    wechat_sandbox_state& state() noexcept;
    std::string login(std::string_view user) { return state().login(user); }
    void fail_next(int errcode, int times = 1) { state().fail_next(errcode, times); }

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace weir::testing
