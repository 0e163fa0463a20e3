// SPDX-License-Identifier: MIT
#pragma once

#include "http/field/known_field.hpp"
#include <weir/core/clock.hpp>
#include <weir/core/context.hpp>
#include <weir/http/message.hpp>
#include <weir/http/router.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http::detail {

/// The route that a request matched.
struct matched_route {
    std::string pattern{};
    std::vector<std::string> names{}; // parameter names
    route_limits limits{};
};

/// Where a request's head is: its bytes and what was parsed from them.
struct head_place {
    const char* bytes;
    const head_outline* outline;
    const head_field* fields;
};

/// The engine's access to a request.
struct request_access {
    static void fill(request& req, const head_place& head, weir::context& ctx, std::string_view remote,
                     time_point started) noexcept;
    static void set_body(request& req, std::string_view body) noexcept { req.body_ = body; }
    static void set_remote(request& req, std::string_view remote) noexcept { req.remote_ = remote; }
    static void clear(request& req, weir::context& ctx, std::string_view remote, time_point started) noexcept;
    static void set_route(request& req, const matched_route& found) noexcept {
        req.route_ = found.pattern;
        req.matched_ = &found;
        req.allowed_ = {};
        req.other_slash_ = false;
        req.params_size_ = 0;
    }
    /// Adds the next path parameter, which points into the request's bytes; an empty one may point anywhere.
    static void add_param(request& req, std::string_view raw) noexcept {
        const auto at = raw.empty() ? 0 : raw.data() - req.bytes_;
        req.params_[req.params_size_++] = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(raw.size())};
    }
    static void set_unrouted(request& req, const matched_route& fallback, method_set allowed,
                             bool other_slash) noexcept;
    static const char* bytes(const request& req) noexcept { return req.bytes_; }
    static const head_field* fields(const request& req) noexcept { return req.fields_; }
    /// Returns the value of the first field of that name, empty if there is none.
    static std::string_view field(const request& req, known_field known) noexcept;
    /// Returns the requested host: the target's, or else the Host field's.
    static std::string_view authority(const request& req) noexcept;
    /// Returns a path parameter as sent; nothing if the route lacks it.
    static std::optional<std::string_view> raw_param(const request& req, std::string_view name) noexcept;
    static void move_to(request& target, const request& source, const head_place& head, weir::context& ctx) noexcept;
    static void set_running(request& req, request_task& running) noexcept { req.running_ = &running; }
    /// Set once, since a session reuses its request.
    static void set_json_depth(request& req, std::uint32_t levels) noexcept { req.json_depth_ = levels; }
    /// The route's depth, or else the server's.
    static std::uint32_t json_depth(const request& req) noexcept;
    static std::uint8_t minor_version(const request& req) noexcept;
    static request_task* running(const request& req) noexcept { return req.running_; }
    static const matched_route* matched(const request& req) noexcept { return req.matched_; }
    static method_set allowed(const request& req) noexcept { return req.allowed_; }
    static bool other_slash(const request& req) noexcept { return req.other_slash_; }
};

} // namespace weir::http::detail
