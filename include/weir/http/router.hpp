// SPDX-License-Identifier: MIT
#pragma once

#include <weir/http/handler.hpp>
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

/// What routes set apart from the server's limits; zero where they don't.
struct route_limits {
    std::size_t max_body = 0;
    std::uint32_t json_depth = 0;
    duration handler_time{};
    bool critical = false;
};

/// What happens to `/todos/` when only `/todos` is a route, and the other way round.
enum class trailing_slash : std::uint8_t {
    strict,   ///< they are different paths: 404
    redirect, ///< 308 to the one that exists
};

/// Routes, groups of routes, and the middleware around them. Static segments come before parameters, and
/// parameters before the wildcard. HEAD is answered by GET's handler, OPTIONS by the methods that exist,
/// a known path with another method by 405 with Allow. Set up before serving; immutable and shared by all
/// loops from then on. Mistakes in setting up throw std::invalid_argument naming the route.
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

    /// Wraps every route that this router gets from here on; comes before them. At the top it also wraps
    /// the answers to paths that no route has.
    router& use(middleware layer);

    /// A router for the same place with one more layer: `api.with(require("orders:write")).post(...)`.
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

    /// Member functions: `r.get("/{id}", &todo_api::show, *this)`. The object outlives the router.
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

    /// A group below a prefix: a function that takes the group's router, or an object with mount(router&).
    /// The prefix holds no parameters, since a pattern is checked against its handler alone.
    template<class Group>
    router& route(std::string_view prefix, Group&& group) {
        router inner = below(prefix);
        if constexpr (std::is_invocable_v<Group&, router&>)
            group(inner);
        else
            group.mount(inner);
        return *this;
    }

    /// Adds a route by its parts, for patterns made at run time.
    router& add(http::method verb, std::string_view pattern, handler target);

    router& on_trailing_slash(trailing_slash policy);

    /// The largest body these routes accept, in bytes; 413 beyond it. Default: the server's (1 MiB).
    router& max_body(std::size_t bytes);

    /// How deep objects and arrays of a `body<T>` may be nested here; 400 beyond it. Default: `limits::json_depth`
    /// (64).
    router& json_depth(std::uint32_t levels);

    /// The deadline of these routes' coroutine handlers, which `context().deadline()` shows and outgoing calls
    /// keep to; 504 beyond it. Default: `limits::handler_time` (30 s).
    router& timeout(duration time);

    /// Has these routes answered also when as many connections are open as there may be: a few more are let in, for
    /// requests to these alone. For health checks; `app::serve_health` has it.
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
