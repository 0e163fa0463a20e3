// SPDX-License-Identifier: MIT
#pragma once

// The shop's REST interface, one class per resource. Each is mounted below /api/v1.

#include "identity.hpp"
#include "model.hpp"
#include "store.hpp"
#include "wechat_login.hpp"
#include <weir/http/router.hpp>
#include <weir/observe/metrics.hpp>
#include <weir/resilience/fallback.hpp>

#include <string>

namespace miniapp {

template<class T>
using reply = weir::task<weir::result<T>>;

using user_path = weir::path<"id", std::int64_t>;

/// What a user is called of whom nothing is known but the openid.
inline constexpr const char* unnamed = "WeChat user";

/// POST /auth/login
class auth_api {
public:
    auth_api(store& rows, const identity& who, wechat_login& wechat) : rows_(rows), identity_(who), wechat_(wechat) {}

    reply<login_response> login(const weir::request& req, weir::body<login_request> in);
    void mount(weir::router& api);
    void measure(weir::metrics& to) const;

private:
    /// By WeChat's word; while there is none, by a token that the user still has.
    reply<std::string> openid_of(const std::string& code, const std::string& token);
    reply<user> known_or_new(std::string openid);

    store& rows_;
    const identity& identity_;
    wechat_login& wechat_;
    weir::fallback<std::string> wechat_away_{
        {.covers = [](const weir::error& failed) { return failed == weir::errc::unavailable; }}};
};

/// GET /me, and /users for those who manage them. Mounted behind the login.
class user_api {
public:
    explicit user_api(store& rows) : rows_(rows) {}

    user_view me(const weir::request& req) const;
    reply<page_of<user_view>> list(weir::query<page_query> at);
    reply<user_view> show(user_path id);
    reply<weir::created<user_view>> create(weir::body<user_input> in);
    reply<user_view> change(user_path id, weir::body<user_input> in);
    reply<void> remove(user_path id);
    void mount(weir::router& api);

private:
    store& rows_;
};

/// GET /products
class product_api {
public:
    explicit product_api(store& rows) : rows_(rows) {}

    reply<page_of<product>> list(weir::query<product_query> wanted);
    void mount(weir::router& api);

private:
    store& rows_;
};

/// POST /orders, GET /orders/{id}, GET /users/{id}/orders. Mounted behind the login.
class order_api {
public:
    explicit order_api(store& rows) : rows_(rows) {}

    reply<weir::created<order_view>> place(weir::principal who, weir::body<order_input> in);
    reply<order_view> show(weir::principal who, user_path id);
    reply<page_of<order_view>> of_user(weir::principal who, user_path id, weir::query<page_query> at);
    void mount(weir::router& api);

private:
    store& rows_;
};

} // namespace miniapp
