// SPDX-License-Identifier: MIT
#include "http/field/field_syntax.hpp"
#include "http/message/vary.hpp"
#include "http/middleware/session_layer.hpp"
#include "http/routing/route_table.hpp"

#include <stdexcept>
#include <utility>

namespace weir::http {

namespace detail {

namespace {

[[noreturn]] void refuse_options(const std::string& why) { throw std::invalid_argument("weir: sessions: " + why); }

sessions_options checked(sessions_options options) {
    if (options.cookie.empty() && options.header.empty()) refuse_options("neither a cookie nor a header is named");
    if (!options.header.empty() && !is_token(options.header)) refuse_options("not a header name: " + options.header);
    if (options.remember && options.remember->count() <= 0) refuse_options("remember: accepted 1 s or more");
    return options;
}

// A deadline is the store's own: at the request's the server has answered.
error unavailable(error why) {
    if (why == errc::cancelled) return why;
    return error(errc::unavailable, "sessions are unavailable, try again later")
        .with_code("sessions_unavailable")
        .with_retry_after(1)
        .caused_by(std::move(why));
}

response refusal(const error& why) {
    response res;
    into_response(why, res);
    return res;
}

// Adds a slot to the request and makes it the active one.
session_slot& add_slot(request& req, const session_layer& layer) {
    auto* const outermost = req.find<session_slot>();
    if (!outermost) {
        auto& slot = req.attach(session_slot{});
        slot.layer = &layer;
        slot.active = &slot;
        return slot;
    }
    session_slot* last = outermost;
    while (last->inner) last = last->inner.get();
    last->inner = std::make_unique<session_slot>();
    last->inner->layer = &layer;
    last->inner->outside = outermost->active;
    outermost->active = last->inner.get();
    return *last->inner;
}

session_slot* active_slot(const request& req) noexcept {
    auto* const outermost = req.find<session_slot>();
    return outermost ? outermost->active : nullptr;
}

} // namespace

session_layer::session_layer(session_store& store, sessions_options options)
    : options_(checked(std::move(options))), keeper_(store, options_.session) {
    if (options_.cookie.empty()) return;
    if (auto field = to_field(cookie_with("id")); !field)
        refuse_options("cookie " + options_.cookie + ": " + std::string(field.error().message()));
    if (options_.check_origin) origin_.emplace(std::move(options_.origins));
}

// A page of another site can't add the header without the consent of `cors`.
result<void> session_layer::check(const request& req) const {
    return origin_ && !by_header(req) ? (*origin_)(req) : ok();
}

bool session_layer::by_header(const request& req) const noexcept {
    return options_.cookie.empty() || (!options_.header.empty() && req.has_header(options_.header));
}

std::string_view session_layer::id_in(const request& req) const noexcept {
    if (by_header(req)) return req.header(options_.header);
    return find_cookie(req, options_.cookie).value_or(std::string_view());
}

set_cookie session_layer::cookie_with(std::string id) const {
    set_cookie made;
    made.name = options_.cookie;
    made.value = std::move(id);
    made.max_age = options_.remember;
    made.path = options_.path;
    made.secure = options_.secure;
    made.same_site = options_.same_site;
    return made;
}

task<result<weir::session*>> session_layer::open(request& req, session_slot& slot) const {
    if (slot.opened) co_return &*slot.opened;
    auto opened = co_await keeper_.open(id_in(req));
    if (!opened) co_return unavailable(opened.error());
    if (!slot.opened) slot.opened.emplace(std::move(*opened)); // another task of the request may have been faster
    co_return &*slot.opened;
}

task<response> session_layer::serve(request& req, next rest) const {
    session_slot& slot = add_slot(req, *this);
    error failed;
    if (route_of(req).target.needs_session) {
        const auto opened = co_await open(req, slot);
        if (!opened) failed = opened.error();
    }
    response res;
    if (!failed) res = co_await rest(req);
    req.find<session_slot>()->active = slot.outside;
    if (!failed) failed = co_await finish(req, slot, res);
    if (failed) co_return refusal(failed);
    co_return res;
}

task<error> session_layer::finish(request& req, session_slot& slot, response& res) const {
    if (!slot.opened) co_return error{};
    add_vary(res.headers, by_header(req) ? std::string_view(options_.header) : "Cookie");
    auto token = co_await keeper_.commit(*slot.opened);
    if (!token) co_return unavailable(token.error());
    const auto told = tell(req, res, *token);
    co_return told ? error{} : told.error();
}

result<void> session_layer::tell(const request& req, response& res, const session_token& token) const {
    using action = session_token::action;
    if (token.what == action::keep && token.written && options_.remember && !by_header(req))
        return add_cookie(res, cookie_with(std::string(id_in(req)))); // the browser keeps it longer too
    if (token.what == action::keep) return ok();
    res.headers.set("cache-control", "no-store");
    if (by_header(req)) {
        res.headers.set(options_.header, token.id);
        return ok();
    }
    const set_cookie cookie = cookie_with(token.id);
    return add_cookie(res, token.what == action::send ? cookie : expired(cookie));
}

error no_session(const request& req) {
    if (active_slot(req)) return {errc::internal, "the session isn't loaded: await load_session first"};
    return {errc::internal, "a handler with a session needs the layer sessions"};
}

} // namespace detail

middleware sessions(session_store& store, sessions_options options) {
    const auto made = std::make_shared<const detail::session_layer>(store, std::move(options));
    middleware layer;
    layer.by_head = true;
    layer.before = [made](request& req) { return made->check(req); };
    layer.around = [made](request& req, next rest) { return made->serve(req, rest); };
    return layer;
}

task<result<session*>> load_session(request& req) {
    auto* const slot = detail::active_slot(req);
    if (!slot) co_return error(errc::internal, "load_session needs the layer sessions");
    co_return co_await slot->layer->open(req, *slot);
}

session* find_session(const request& req) noexcept {
    auto* const slot = detail::active_slot(req);
    return slot && slot->opened ? &*slot->opened : nullptr;
}

namespace {

using identify_function = std::function<result<principal>(const session&)>;

task<response> serve_identified(const identify_function& identify, request& req, next rest) {
    const auto loaded = co_await load_session(req);
    if (!loaded) co_return detail::refusal(loaded.error());
    if ((*loaded)->user().empty()) co_return detail::refusal(errc::unauthenticated);
    auto who = identify(**loaded);
    if (!who) co_return detail::refusal(who.error());
    req.attach(std::move(*who));
    co_return co_await rest(req);
}

} // namespace

middleware authenticate_session(std::function<result<principal>(const session&)> identify) {
    return [identify = std::move(identify)](request& req, next rest) { return serve_identified(identify, req, rest); };
}

middleware authenticate_session() {
    return authenticate_session([](const session& s) { return s.identity(); });
}

} // namespace weir::http
