// SPDX-License-Identifier: MIT
#pragma once

// The shop's REST interface below /api/v1, one class per resource.

#include "idempotency_key.hpp"
#include "identity.hpp"
#include "model.hpp"
#include "registration.hpp"
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

/// The nickname of a user known only by openid.
inline constexpr const char* unnamed = "WeChat user";

/// POST /auth/login
class auth_api {
public:
    auth_api(store& rows, registration& newcomers, const identity& who, wechat_login& wechat)
        : rows_(rows), newcomers_(newcomers), identity_(who), wechat_(wechat) {}

    reply<login_response> login(const weir::request& req, weir::body<login_request> in);
    void mount(weir::router& api);
    void measure(weir::metrics& to) const;

private:
    /// Asks WeChat; while WeChat is unavailable, takes the openid of the token's user.
    reply<std::string> openid_of(const std::string& code, const std::string& token);
    reply<user> known_or_new(std::string openid);

    store& rows_;
    registration& newcomers_;
    const identity& identity_;
    wechat_login& wechat_;
    weir::fallback<std::string> wechat_fallback_{
        {.covers = [](const weir::error& failed) { return failed == weir::errc::unavailable; }}};
};

/// GET /me, GET /users/{id}/points, and /users for admins. Mounted behind identity::login_required.
class user_api {
public:
    user_api(store& rows, registration& newcomers) : rows_(rows), newcomers_(newcomers) {}

    user_view me(const weir::request& req) const;
    reply<points_view> points(weir::principal who, user_path id);
    reply<page_of<user_view>> list(weir::query<page_query> at);
    reply<user_view> show(user_path id);
    reply<weir::created<user_view>> create(weir::body<user_input> in);
    reply<user_view> change(user_path id, weir::body<user_input> in);
    reply<void> remove(user_path id);
    void mount(weir::router& api);

private:
    store& rows_;
    registration& newcomers_;
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

/// POST /orders, GET /orders/{id}, GET /users/{id}/orders. Mounted behind identity::login_required.
class order_api {
public:
    explicit order_api(store& rows) : rows_(rows) {}

    /// Places one order for each key of the user, and answers later requests with that key by the same order.
    reply<weir::created<order_view>> place(weir::principal who, idempotency_key key, weir::body<order_input> in);
    reply<order_view> show(weir::principal who, user_path id);
    reply<page_of<order_view>> of_user(weir::principal who, user_path id, weir::query<page_query> at);
    void mount(weir::router& api);

private:
    store& rows_;
};

} // namespace miniapp
