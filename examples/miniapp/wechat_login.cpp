// SPDX-License-Identifier: MIT
#include "wechat_login.hpp"

#include <weir/http/url_builder.hpp>
#include <weir/reflect/json.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <optional>

namespace miniapp {

using weir::errc;
using weir::error;
using weir::result;
using weir::task;

namespace {

struct code2session_answer {
    std::optional<std::string> openid{};
    std::optional<std::int64_t> errcode{};
    std::optional<std::string> errmsg{};
};
BOOST_DESCRIBE_STRUCT(code2session_answer, (), (openid, errcode, errmsg))

error refused(std::int64_t errcode) {
    const error cause(errc::unknown, "jscode2session: errcode " + std::to_string(errcode));
    switch (errcode) {
    case 40029:
    case 40163:
        return error(errc::unauthenticated, "the login code is wrong, used or expired: call wx.login() again")
            .with_code("invalid_code")
            .caused_by(cause);
    case 40226:
        return error(errc::permission_denied, "WeChat has blocked this user")
            .with_code("user_blocked")
            .caused_by(cause);
    case 45011:
        return error(errc::resource_exhausted, "too many logins of this user, wait a minute")
            .with_retry_after(60)
            .caused_by(cause);
    case -1:
        return error(errc::unavailable, "WeChat is busy, try again").with_retry_after(1).caused_by(cause);
    default:
        return error(errc::internal).caused_by(cause); // our own appid, secret or address list
    }
}

error senseless(error cause) {
    return error(errc::unavailable, "WeChat's answer made no sense")
        .with_status(502)
        .with_code("bad_gateway")
        .caused_by(std::move(cause));
}

result<std::string> openid_in(const weir::http::client_response& res) {
    if (res.status != 200)
        return senseless(error(errc::unknown, "jscode2session: status " + std::to_string(res.status)));
    auto answer = weir::from_json<code2session_answer>(res.body);
    if (!answer) return senseless(error(errc::unknown, "jscode2session: not the documented JSON"));
    if (answer->errcode.value_or(0) != 0) return refused(*answer->errcode);
    if (!answer->openid || answer->openid->empty()) return senseless(error(errc::unknown, "jscode2session: no openid"));
    return std::move(*answer->openid);
}

weir::http::client_options client_options_of(const wechat_settings& settings) {
    weir::http::client_options options;
    options.connect_timeout = std::chrono::seconds(3);
    options.deadline = settings.deadline;
    options.max_body = 64 * 1024;
    return options;
}

} // namespace

wechat_login::wechat_login(wechat_settings settings)
    : settings_(std::move(settings)), clients_([options = client_options_of(settings_)](weir::loop& home) {
          return std::make_unique<weir::http::client>(home, options);
      }) {}

task<result<std::string>> wechat_login::openid_of(std::string code) {
    const weir::executor here = co_await weir::this_task;
    weir::http::client& client = clients_.of(here.context().loop());
    weir::http::url_builder url(settings_.base_url + "/sns/jscode2session");
    url.query("appid", settings_.appid)
        .query("secret", settings_.secret)
        .query("js_code", code)
        .query("grant_type", "authorization_code");
    const std::string address = url.str();
    const auto res = co_await client.get(address);
    if (!res) co_return error(errc::unavailable, "WeChat can't be reached, try again").caused_by(res.error());
    co_return openid_in(*res);
}

} // namespace miniapp
