// SPDX-License-Identifier: MIT
#include "wechat_login.hpp"

#include <weir/http/url_builder.hpp>
#include <weir/reflect/json.hpp>
#include <weir/resilience/circuit_breaker_metrics.hpp>
#include <weir/resilience/retry_metrics.hpp>
#include <weir/resilience/timeout_metrics.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace miniapp {

using weir::errc;
using weir::error;
using weir::result;
using weir::task;

namespace {

constexpr const char* bad_gateway = "bad_gateway";

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
        return error(errc::resource_exhausted, "too many logins by this user, wait a minute")
            .with_retry_after(60)
            .caused_by(cause);
    default:
        return error(errc::internal).caused_by(cause); // the shop's own appid, secret or address list
    }
}

error invalid_answer(error cause) {
    return error(errc::unavailable, "WeChat's answer is invalid")
        .with_status(502)
        .with_code(bad_gateway)
        .caused_by(std::move(cause));
}

// Returns the answer, or an error if the response holds none.
result<code2session_answer> answer_in(const weir::http::client_response& res) {
    constexpr std::int64_t busy = -1;
    if (res.status != 200)
        return invalid_answer(error(errc::unknown, "jscode2session: status " + std::to_string(res.status)));
    auto answer = weir::from_json<code2session_answer>(res.body);
    if (!answer) return invalid_answer(error(errc::unknown, "jscode2session: not the documented JSON"));
    if (answer->errcode == busy) return error(errc::unavailable, "jscode2session: errcode -1");
    return answer;
}

result<std::string> openid_in(code2session_answer answer) {
    if (answer.errcode.value_or(0) != 0) return refused(*answer.errcode);
    if (!answer.openid || answer.openid->empty())
        return invalid_answer(error(errc::unknown, "jscode2session: no openid"));
    return std::move(*answer.openid);
}

// The client's error if WeChat gave no answer.
error unavailable(const error& why) {
    if (why.code() == bad_gateway || why == errc::cancelled) return why;
    return error(errc::unavailable, "WeChat is unreachable or busy, try again")
        .with_retry_after(std::max(why.retry_after(), std::uint32_t{1}))
        .caused_by(why);
}

weir::http::client_options client_options_of(const wechat_settings& settings) {
    weir::http::client_options options;
    options.connect_timeout = std::chrono::seconds(3);
    options.deadline = settings.deadline;
    options.max_body = 64 * 1024;
    return options;
}

// A repeated call does no harm: at worst the code is used up, and the next wx.login() gets another one.
weir::retry_options retry_options_of(const retry_settings& settings) {
    weir::retry_options options;
    options.attempts = static_cast<std::size_t>(settings.attempts);
    options.base = settings.base;
    return options;
}

weir::circuit_breaker_options breaker_options_of(const breaker_settings& settings, const weir::logger& log) {
    weir::circuit_breaker_options options;
    options.name = "wechat";
    options.failure_rate = settings.failure_rate;
    options.minimum_calls = static_cast<std::uint32_t>(settings.minimum_calls);
    options.open_for = settings.open_for;
    options.probes = 3;
    options.on_event = [&log](const weir::circuit_breaker_event& event) {
        if (event.what != weir::circuit_breaker_event::type::state_transition) return;
        log.warn("circuit breaker", weir::field("name", event.breaker), weir::field("from", weir::name(event.from)),
                 weir::field("to", weir::name(event.to)), weir::field("why", weir::name(event.why)));
    };
    return options;
}

} // namespace

wechat_login::wechat_login(wechat_settings settings, const weir::logger& log)
    : settings_(std::move(settings)), clients_([options = client_options_of(settings_)](weir::loop& home) {
          return std::make_unique<weir::http::client>(home, options);
      }),
      whole_(settings_.login_deadline), backoff_(retry_options_of(settings_.retry)),
      breaker_(breaker_options_of(settings_.breaker, log)) {}

task<result<std::string>> wechat_login::openid_of(std::string code) {
    const std::string address = address_of(code);
    auto answer = co_await policy_.run([&] { return ask(address); });
    if (!answer) co_return unavailable(answer.error());
    co_return openid_in(std::move(*answer));
}

task<result<code2session_answer>> wechat_login::ask(const std::string& address) {
    const weir::executor here = co_await weir::this_task;
    weir::http::client& client = clients_.of(here.context().loop());
    const auto res = co_await client.get(address);
    if (!res) co_return res.error();
    co_return answer_in(*res);
}

std::string wechat_login::address_of(const std::string& code) const {
    weir::http::url_builder url(settings_.base_url + "/sns/jscode2session");
    url.query("appid", settings_.appid)
        .query("secret", settings_.secret)
        .query("js_code", code)
        .query("grant_type", "authorization_code");
    return url.str();
}

void wechat_login::measure(weir::metrics& to) const {
    weir::measure(to, whole_, breaker_.name());
    weir::measure(to, backoff_, breaker_.name());
    weir::measure(to, breaker_, breaker_.name());
}

} // namespace miniapp
