// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/detail/handler.hpp>
#include <weir/http/method.hpp>
#include <weir/http/middleware.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::http {

namespace detail {
class route_table;
} // namespace detail

/// A route's overrides of the server's limits; zero: no override.
struct route_limits {
    std::size_t max_body = 0;
    std::uint32_t json_depth = 0;
    duration handler_time{};
    bool critical = false;
};

/// How to treat `/todos/` when only `/todos` is a route, and vice versa.
enum class trailing_slash : std::uint8_t {
    strict,   ///< they are different paths: 404
    redirect, ///< 308 to the one that exists
};

/// Routes, groups of routes, and the middleware around them. Static segments take precedence over parameters, and
/// parameters over the wildcard. HEAD is answered by GET's handler, OPTIONS with the existing methods, a known path
/// with another method with 405 and Allow. Set it up before serving; from then on it is immutable and shared by all
/// loops. Setup errors throw std::invalid_argument naming the route.
///
///     app.route("/api/v1", [&](router& api) {
///         api.use(require_login(keys));
///         api.route("/todos", todos);            // anything with mount(router&)
///         api.get("/users/{id}", [](path<"id", std::int64_t> id) { ... });
///     });
class router {
public:
    router();
    router(router&&) noexcept;
    router& operator=(router&&) noexcept;
    ~router();

    /// Wraps every route added to this router; must come before them. On the top router it also wraps the responses to
    /// unknown paths.
    router& use(middleware layer);

    /// Returns a router for the same prefix with one more layer: `api.with(require("orders:write")).post(...)`.
    router with(middleware layer) const;

    template<class F>
    router& get(pattern_for<F> pattern, F f) {
        return add(method::get, pattern.text(), detail::adapt(std::move(f)));
    }
    template<class F>
    router& post(pattern_for<F> pattern, F f) {
        return add(method::post, pattern.text(), detail::adapt(std::move(f)));
    }
    template<class F>
    router& put(pattern_for<F> pattern, F f) {
        return add(method::put, pattern.text(), detail::adapt(std::move(f)));
    }
    template<class F>
    router& patch(pattern_for<F> pattern, F f) {
        return add(method::patch, pattern.text(), detail::adapt(std::move(f)));
    }
    template<class F>
    router& del(pattern_for<F> pattern, F f) {
        return add(method::delete_, pattern.text(), detail::adapt(std::move(f)));
    }

    /// Routes to member functions: `r.get("/{id}", &todo_api::show, *this)`. The object must outlive the router.
    template<class F, class Self>
    router& get(pattern_for<F> pattern, F f, Self& self) {
        return add(method::get, pattern.text(), detail::adapt(detail::bind_self(f, self)));
    }
    template<class F, class Self>
    router& post(pattern_for<F> pattern, F f, Self& self) {
        return add(method::post, pattern.text(), detail::adapt(detail::bind_self(f, self)));
    }
    template<class F, class Self>
    router& put(pattern_for<F> pattern, F f, Self& self) {
        return add(method::put, pattern.text(), detail::adapt(detail::bind_self(f, self)));
    }
    template<class F, class Self>
    router& patch(pattern_for<F> pattern, F f, Self& self) {
        return add(method::patch, pattern.text(), detail::adapt(detail::bind_self(f, self)));
    }
    template<class F, class Self>
    router& del(pattern_for<F> pattern, F f, Self& self) {
        return add(method::delete_, pattern.text(), detail::adapt(detail::bind_self(f, self)));
    }

    /// A group of routes under a prefix: a function that takes the group's router, or an object with mount(router&).
    /// The prefix has no parameters, since a pattern is checked against its handler alone.
    template<class Group>
    router& route(std::string_view prefix, Group&& group) {
        router inner = below(prefix);
        if constexpr (std::is_invocable_v<Group&, router&>)
            group(inner);
        else
            group.mount(inner);
        return *this;
    }

    /// Adds a route whose pattern is made at run time.
    router& add(http::method verb, std::string_view pattern, handler target);

    router& on_trailing_slash(trailing_slash policy);

    /// The largest body that these routes accept, in bytes; 413 beyond it. Default: the server's (1 MiB).
    router& max_body(std::size_t bytes);

    /// How deeply objects and arrays of a `body<T>` may be nested here; 400 beyond it. Default: `limits::json_depth`
    /// (64).
    router& json_depth(std::uint32_t levels);

    /// The deadline of these routes' coroutine handlers, which `context().deadline()` returns and outgoing calls
    /// respect; 504 beyond it. Default: `limits::handler_time` (30 s).
    router& timeout(duration time);

    /// Serves these routes even when the maximum number of connections is open: a few more are accepted, for requests
    /// to these routes only. For health checks; `app::serve_health` sets it.
    router& critical();

    const std::shared_ptr<detail::route_table>& table() const noexcept { return table_; }

private:
    using layers = std::vector<std::shared_ptr<const middleware>>;

    router(std::shared_ptr<detail::route_table> table, std::string prefix, layers around, route_limits limits);
    router below(std::string_view prefix) const;

    std::shared_ptr<detail::route_table> table_;
    std::string prefix_;
    layers layers_;
    route_limits limits_{};
    bool has_routes_ = false;
};

} // namespace weir::http

namespace weir {
using http::router;
} // namespace weir
