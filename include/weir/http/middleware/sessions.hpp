// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/cookie.hpp>
#include <weir/http/detail/handler.hpp>
#include <weir/http/middleware.hpp>
#include <weir/security/principal.hpp>
#include <weir/security/session.hpp>
#include <weir/security/session_keeper.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weir::http {

struct sessions_options {
    /// The cookie with the session's id; empty: none. Always HttpOnly and for this host alone. `__Host-` makes browsers
    /// refuse a cookie that another host of the domain set; without `secure` the name needs another form.
    std::string cookie = "__Host-sid";
    /// A field for clients without cookies, such as mini-programs: `x-session`. A request with this field, even an
    /// empty one, gets a new id in the response's field of that name, and an empty field once the session has ended.
    std::string header{};
    bool secure = true; ///< false: the cookie is sent over plain HTTP too; for development
    http::same_site same_site = same_site::lax;
    std::string path = "/";
    /// How long a browser keeps the cookie after the session was last written; nothing: until the browser is closed.
    std::optional<std::chrono::seconds> remember{};
    /// Refuses what pages of other sites send with the cookie: see same_origin.
    bool check_origin = true;
    std::vector<std::string> origins{}; ///< as in same_origin_options
    session_options session{};          ///< how long sessions last and how large they may be
};

/// Gives inner layers and handlers the client's session. It is loaded before a handler with a `session&` parameter
/// runs, or at the first `load_session`; other requests cost no access to the store and create no session. Changes are
/// written after the handler, whatever it answers, and before the response is sent. If the store fails, a request that
/// needs the session gets 503 with the code `sessions_unavailable`. A response that used the session varies by its
/// cookie, and one that carries an id isn't cached. Throws std::invalid_argument for options out of range. The store
/// must outlive the router.
///
///     app.use(weir::sessions(store));
middleware sessions(session_store& store, sessions_options options = {});

/// Returns the request's session, loading it first if needed; valid as long as the request. errc::unavailable if the
/// store fails, errc::internal without the layer `sessions`. For layers and for handlers that need it sometimes.
task<result<session*>> load_session(request& req);

/// Returns the request's session if it has been loaded; otherwise null.
session* find_session(const request& req) noexcept;

/// Identifies the caller by the session's login, as `authenticate` does by other credentials; 401 for an anonymous
/// session. `identify` maps a session with a user to its principal; by default that is the one that logged in, with the
/// permissions given then. Use it inside of `sessions`.
///
///     api.use(weir::authenticate_session());
middleware authenticate_session();
middleware authenticate_session(std::function<result<principal>(const session&)> identify);

/// @cond
namespace detail {

error no_session(const request& req);

// A session is extracted by reference, and lives as long as the request.
template<>
struct argument<weir::session&> {
    weir::session* value = nullptr;

    error load(request& req) {
        value = find_session(req);
        return value ? error{} : no_session(req);
    }
    weir::session& pass() { return *value; }
};

template<>
struct argument<const weir::session&> : argument<weir::session&> {};

template<>
inline constexpr bool outlives_call<weir::session&> = true;
template<>
inline constexpr bool outlives_call<const weir::session&> = true;

} // namespace detail
/// @endcond

} // namespace weir::http

namespace weir {
using http::authenticate_session;
using http::find_session;
using http::load_session;
using http::sessions;
} // namespace weir
