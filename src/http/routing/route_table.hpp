// SPDX-License-Identifier: MIT
#pragma once

#include "http/message/request_access.hpp"
#include "http/routing/route_tree.hpp"
#include <weir/http/detail/handler.hpp>
#include <weir/http/middleware.hpp>
#include <weir/http/router.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::http::detail {

using layer_list = std::vector<std::shared_ptr<const middleware>>;

/// A layer with a `before` or an `after`, and its position among all layers.
struct layer_step {
    std::size_t place;
    const middleware* layer;
};

/// A handler with its layers, outermost first.
struct route : matched_route {
    handler target{};
    layer_list layers{};
    bool coroutine = false; // the handler or a layer is a coroutine
    bool has_done = false;
    std::vector<layer_step> befores{};
    std::vector<layer_step> afters{};

    /// Derives the other members from the handler and the layers, once those are set.
    void settle();
};

/// All routes of a service. Filled during setup, then read by every loop.
class route_table {
public:
    void add(method verb, std::string pattern, handler target, layer_list layers, route_limits limits);
    void set_fallback_layers(layer_list layers);
    void set_trailing_slash(trailing_slash policy) noexcept { slash_ = policy; }

    /// Finds the request's route and stores it in the request with its parameters; the fallback if there is none.
    const route& match(request& req, method verb, std::string_view path) const;

    /// The route for input from which no request could be made.
    const route& fallback() const noexcept { return fallback_; }

private:
    std::vector<std::unique_ptr<route>> routes_;
    route_tree tree_;
    route fallback_ = make_fallback();
    method_set methods_; // methods that any route has
    trailing_slash slash_ = trailing_slash::strict;

    static route make_fallback();
    [[gnu::noinline]] const route& match_segments(request& req, method verb, std::string_view path) const;
    const route& match_server(request& req) const;
    const route& unrouted(request& req, method_set allowed, bool redirect) const;
};

/// Lists the methods as in Allow and similar fields.
std::string comma_separated(method_set methods);

/// Returns the route that matched this request.
inline const route& route_of(const request& req) noexcept {
    return static_cast<const route&>(*request_access::matched(req));
}

} // namespace weir::http::detail
