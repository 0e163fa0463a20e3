// SPDX-License-Identifier: MIT
#include "http/route_table.hpp"

#include "http/byte_scan.hpp"
#include "http/framework_errors.hpp"
#include "http/head_parser.hpp"
#include "http/percent.hpp"
#include <weir/http/extract.hpp>

#include <algorithm>
#include <stdexcept>

namespace weir::http {

namespace detail {

std::string comma_separated(method_set methods) {
    std::string list;
    for (std::size_t i = 0; i < method_count; ++i)
        if (const auto verb = static_cast<method>(i); methods.contains(verb))
            list.append(list.empty() ? "" : ", ").append(http::name(verb));
    return list;
}

namespace {

// The same path with its trailing slash added or taken away, and the query as it was.
std::string other_slash_target(const request& req) {
    std::string target(req.path());
    if (target.ends_with('/'))
        target.pop_back();
    else
        target += '/';
    if (!req.query().empty()) target.append("?").append(req.query());
    return target;
}

void answer_unrouted(request& req, response& out) {
    const method_set allowed = request_access::allowed(req);
    if (request_access::other_slash(req)) {
        out.status = 308;
        out.headers.set("location", other_slash_target(req));
    } else if (allowed.empty()) {
        into_response(error(errc::not_found, "nothing is served at this path"), out);
    } else if (req.method() == method::options) {
        out.status = 204;
        out.headers.set("allow", comma_separated(allowed));
    } else {
        into_response(framework_error(405, "this path doesn't answer " + std::string(req.method_name())), out);
        out.headers.set("allow", comma_separated(allowed));
    }
}

} // namespace

void route::settle() {
    befores.clear();
    afters.clear();
    for (std::size_t at = 0; at < layers.size(); ++at) {
        if (layers[at]->before) befores.push_back({at, layers[at].get()});
        if (layers[at]->after) afters.push_back({at, layers[at].get()});
    }
    const auto around = [](const auto& layer) { return static_cast<bool>(layer->around); };
    const auto done = [](const auto& layer) { return static_cast<bool>(layer->done); };
    coroutine = static_cast<bool>(target.coroutine) || std::any_of(layers.begin(), layers.end(), around);
    has_done = std::any_of(layers.begin(), layers.end(), done);
}

route route_table::make_fallback() {
    route made;
    made.target.plain = answer_unrouted;
    return made;
}

void route_table::set_fallback_layers(layer_list layers) {
    fallback_.layers = std::move(layers);
    fallback_.settle();
}

void route_table::add(method verb, std::string pattern, handler target, layer_list layers, route_limits limits) {
    const auto inserted = tree_.insert(verb, pattern, static_cast<std::uint32_t>(routes_.size()));
    if (!inserted)
        throw std::invalid_argument("weir: route " + std::string(http::name(verb)) + " " + pattern + ": " +
                                    std::string(inserted.error().message()));
    auto made = std::make_unique<route>();
    const auto names = parameter_names(pattern);
    made->names.assign(names.names, names.names + names.size);
    made->pattern = std::move(pattern);
    made->target = std::move(target);
    made->layers = std::move(layers);
    made->limits = limits;
    made->settle();
    routes_.push_back(std::move(made));
    methods_.add(verb);
}

const route& route_table::match(request& req, method verb, std::string_view path) const {
    if (const auto text = tree_.match_text(verb, path)) {
        const route& taken = *routes_[*text];
        request_access::set_route(req, taken);
        return taken;
    }
    return match_segments(req, verb, path);
}

const route& route_table::match_segments(request& req, method verb, std::string_view path) const {
    if (path == "*") return match_server(req);
    route_match found = tree_.match(verb, path);
    // HEAD is GET without the body (RFC 9110 section 9.3.2), unless a route says otherwise.
    if (!found.found() && verb == method::head) found = tree_.match(method::get, path);
    if (found.found()) {
        const route& taken = *routes_[found.route];
        request_access::set_route(req, taken, path, found);
        return taken;
    }
    const bool redirect = slash_ == trailing_slash::redirect && found.alternative_slash && found.allowed.empty();
    return unrouted(req, found.allowed, redirect);
}

// What OPTIONS * asks for is no resource but the server (RFC 9110 section 9.3.7).
const route& route_table::match_server(request& req) const {
    method_set all = methods_;
    all.add(method::options);
    return unrouted(req, all, false);
}

const route& route_table::unrouted(request& req, method_set allowed, bool redirect) const {
    if (allowed.contains(method::get)) allowed.add(method::head);
    if (!allowed.empty()) allowed.add(method::options);
    request_access::set_unrouted(req, fallback_, allowed, redirect);
    return fallback_;
}

void request_access::fill(request& req, const head_place& head, weir::context& ctx, std::string_view remote,
                          time_point started) noexcept {
    req.bytes_ = head.bytes;
    req.head_ = head.outline;
    req.fields_ = head.fields;
    req.context_ = &ctx;
    req.body_ = {};
    req.remote_ = remote;
    req.started_ = started;
}

void request_access::clear(request& req, weir::context& ctx, std::string_view remote, time_point started) noexcept {
    req.bytes_ = "";
    req.head_ = nullptr;
    req.fields_ = nullptr;
    req.context_ = &ctx;
    req.body_ = {};
    req.route_ = {};
    req.matched_ = nullptr;
    req.params_size_ = 0;
    req.remote_ = remote;
    req.started_ = started;
}

std::uint8_t request_access::minor_version(const request& req) noexcept { return req.head_->minor_version; }

std::uint32_t request_access::json_depth(const request& req) noexcept {
    const std::uint32_t own = req.matched_ != nullptr ? req.matched_->limits.json_depth : 0;
    return own != 0 ? own : req.json_depth_;
}

void request_access::move_to(request& target, const request& source, const head_place& head,
                             weir::context& ctx) noexcept {
    fill(target, head, ctx, source.remote_, source.started_);
    target.route_ = source.route_;
    target.matched_ = source.matched_;
    target.allowed_ = source.allowed_;
    target.json_depth_ = source.json_depth_;
    target.other_slash_ = source.other_slash_;
    target.params_size_ = source.params_size_;
    target.params_ = source.params_;
}

void request_access::set_route(request& req, const route& found, std::string_view path,
                               const route_match& match) noexcept {
    set_route(req, found);
    req.params_size_ = match.capture_count;
    for (std::size_t i = 0; i < match.capture_count; ++i) {
        const path_capture captured = match.captures[i];
        // An empty one may be of static text: "GET http://host" has no path of its own.
        const auto at = captured.size == 0 ? 0 : path.data() + captured.at - req.bytes_;
        req.params_[i] = {static_cast<std::uint32_t>(at), captured.size};
    }
}

std::string_view request_access::field(const request& req, known_field known) noexcept {
    const head_field* const found = req.head_ != nullptr ? req.head_->find(known, req.fields_) : nullptr;
    return found != nullptr ? found->value_in({req.bytes_, req.head_->size}) : std::string_view{};
}

std::string_view request_access::authority(const request& req) noexcept {
    return req.head_ != nullptr ? req.head_->authority_in({req.bytes_, req.head_->size}) : std::string_view{};
}

std::optional<std::string_view> request_access::raw_param(const request& req, std::string_view name) noexcept {
    if (req.matched_ == nullptr) return {};
    const auto& names = req.matched_->names;
    for (std::size_t i = 0; i < req.params_size_ && i < names.size(); ++i)
        if (names[i] == name) return req.param(i);
    return {};
}

std::optional<std::string_view> plain_param(const request& req, std::string_view name) noexcept {
    const auto raw = request_access::raw_param(req, name);
    if (!raw) return {};
    const char* const end = raw->data() + raw->size();
    return skip_plain(raw->data(), end) == end ? raw : std::nullopt;
}

void request_access::set_unrouted(request& req, const route& fallback, method_set allowed, bool other_slash) noexcept {
    req.route_ = {};
    req.matched_ = &fallback;
    req.allowed_ = allowed;
    req.other_slash_ = other_slash;
    req.params_size_ = 0;
}

} // namespace detail

result<std::string> request::param(std::string_view name) const {
    if (!matched_) return error(errc::not_found, "no route, no parameter " + std::string(name));
    const auto raw = detail::request_access::raw_param(*this, name);
    if (!raw) return error(errc::not_found, "the route has no parameter " + std::string(name));
    std::string decoded;
    const auto verdict = decode_segment(*raw, decoded);
    if (verdict != percent_verdict::ok)
        return error(errc::invalid_argument, reason(verdict))
            .with_detail({std::string(name), "encoding", reason(verdict)});
    return decoded;
}

} // namespace weir::http
