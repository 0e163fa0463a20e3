// SPDX-License-Identifier: MIT
#include "dev_login.hpp"

#include <weir/reflect/json.hpp>

namespace miniapp {

using weir::errc;
using weir::error;

namespace {

constexpr std::size_t most_codes = 1000; // unused ones are forgotten beyond that

} // namespace

dev_login::dev_login(const wechat_settings& settings)
    : sandbox_(settings.base_url),
      clients_([](weir::loop& home) { return std::make_unique<weir::http::client>(home); }) {}

reply<login_request> dev_login::wx_login(weir::body<dev_login_request> in) {
    const weir::executor here = co_await weir::this_task;
    weir::http::client& client = clients_.of(here.context().loop());
    const std::string address = sandbox_ + "/sandbox/code";
    const std::string wanted = weir::to_json(*in);
    const auto res = co_await client.post(address, wanted, "application/json");
    if (!res) co_return error(errc::unavailable, "the WeChat sandbox can't be reached").caused_by(res.error());
    auto code = weir::from_json<login_request>(res->body);
    if (!code) co_return error(errc::unavailable, "the WeChat sandbox gave no code").caused_by(code.error());
    remember(code->code, in->user);
    co_return std::move(*code);
}

void dev_login::remember(const std::string& code, const std::string& user) {
    const std::lock_guard lock(mutex_);
    if (users_.size() >= most_codes) users_.clear();
    users_[code] = user;
}

std::optional<introduction> dev_login::introduce(std::string_view code) {
    const std::lock_guard lock(mutex_);
    const auto found = users_.find(code);
    if (found == users_.end()) return std::nullopt;
    const auto known = users_.extract(found);
    return introduction{known.mapped(), known.mapped() == "admin" ? user_role::admin : user_role::shopper};
}

void dev_login::mount(weir::router& dev) { dev.post("/wx-login", &dev_login::wx_login, *this); }

} // namespace miniapp
