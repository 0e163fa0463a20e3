// SPDX-License-Identifier: MIT
#pragma once

#include "http/known_field.hpp"
#include "http/route_tree.hpp"
#include <weir/http/handler.hpp>
#include <weir/http/middleware.hpp>
#include <weir/http/router.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::http::detail {

using layer_list = std::vector<std::shared_ptr<const middleware>>;

/// A layer that has a part of its own in what is done, and its place among all layers.
struct layer_step {
    std::size_t place;
    const middleware* layer;
};

/// A handler with its layers, outermost first.
struct route {
    std::string pattern{};
    std::vector<std::string> names{};
    handler target{};
    layer_list layers{};
    route_limits limits{};
    bool coroutine = false; // the handler or a layer needs a frame
    bool has_done = false;
    std::vector<layer_step> befores{};
    std::vector<layer_step> afters{};

    /// Makes what follows from the rest, once that is set.
    void settle();
};

/// All routes of a service. Filled while setting up, read by every loop afterwards.
class route_table {
public:
    void add(method verb, std::string pattern, handler target, layer_list layers, route_limits limits);
    void set_fallback_layers(layer_list layers);
    void set_trailing_slash(trailing_slash policy) noexcept { slash_ = policy; }

    /// Finds the request's route and notes it there, with its parameters; the fallback for what no route has.
    const route& match(request& req, method verb, std::string_view path) const;

    /// What answers where not even a request could be made of the bytes.
    const route& fallback() const noexcept { return fallback_; }

private:
    std::vector<std::unique_ptr<route>> routes_;
    route_tree tree_;
    route fallback_ = make_fallback();
    method_set methods_; // that any route has
    trailing_slash slash_ = trailing_slash::strict;

    static route make_fallback();
    [[gnu::noinline]] const route& match_segments(request& req, method verb, std::string_view path) const;
    const route& match_server(request& req) const;
    const route& unrouted(request& req, method_set allowed, bool redirect) const;
};

/// The methods as fields such as Allow list them.
std::string comma_separated(method_set methods);

/// Where a request's head is: its bytes, and what was parsed of them.
struct head_place {
    const char* bytes;
    const head_outline* outline;
    const head_field* fields;
};

/// What the engine fills in of a request.
struct request_access {
    static void fill(request& req, const head_place& head, weir::context& ctx, std::string_view remote,
                     time_point started) noexcept;
    static void set_body(request& req, std::string_view body) noexcept { req.body_ = body; }
    static void set_remote(request& req, std::string_view remote) noexcept { req.remote_ = remote; }
    static void clear(request& req, weir::context& ctx, std::string_view remote, time_point started) noexcept;
    static void set_route(request& req, const route& found) noexcept {
        req.route_ = found.pattern;
        req.matched_ = &found;
        req.allowed_ = {};
        req.other_slash_ = false;
        req.params_size_ = 0;
    }
    static void set_route(request& req, const route& found, std::string_view path, const route_match& match) noexcept;
    static void set_unrouted(request& req, const route& fallback, method_set allowed, bool other_slash) noexcept;
    static const char* bytes(const request& req) noexcept { return req.bytes_; }
    static const head_field* fields(const request& req) noexcept { return req.fields_; }
    /// The value of the first field of that name, empty when there is none.
    static std::string_view field(const request& req, known_field known) noexcept;
    /// The host that was asked for: the target's own, else the Host field's.
    static std::string_view authority(const request& req) noexcept;
    /// A path parameter as it was sent; nothing when the route lacks it.
    static std::optional<std::string_view> raw_param(const request& req, std::string_view name) noexcept;
    static void move_to(request& target, const request& source, const head_place& head, weir::context& ctx) noexcept;
    static void set_running(request& req, running_exchange& running) noexcept { req.running_ = &running; }
    /// Set once: a session's loop keeps its request.
    static void set_json_depth(request& req, std::uint32_t levels) noexcept { req.json_depth_ = levels; }
    /// The route's, else the server's.
    static std::uint32_t json_depth(const request& req) noexcept;
    static std::uint8_t minor_version(const request& req) noexcept;
    static running_exchange* running(const request& req) noexcept { return req.running_; }
    static const route* matched(const request& req) noexcept { return req.matched_; }
    static method_set allowed(const request& req) noexcept { return req.allowed_; }
    static bool other_slash(const request& req) noexcept { return req.other_slash_; }
};

} // namespace weir::http::detail
