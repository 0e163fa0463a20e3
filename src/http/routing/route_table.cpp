// SPDX-License-Identifier: MIT
#include "http/routing/route_table.hpp"

#include "http/message/framework_errors.hpp"
#include <weir/http/into_response.hpp>

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

// Returns the target with its path's trailing slash added or removed, and the query unchanged.
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
        into_response(error(errc::not_found, "there is no resource at this path"), out);
    } else if (req.method() == method::options) {
        out.status = 204;
        out.headers.set("allow", comma_separated(allowed));
    } else {
        into_response(framework_error(405, "this path doesn't support " + std::string(req.method_name())), out);
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
    // HEAD is GET without the body (RFC 9110 section 9.3.2), unless HEAD has its own route.
    if (!found.found() && verb == method::head) found = tree_.match(method::get, path);
    if (found.found()) {
        const route& taken = *routes_[found.route];
        request_access::set_route(req, taken);
        for (std::size_t i = 0; i < found.capture_count; ++i)
            request_access::add_param(req, found.captures[i].in(path));
        return taken;
    }
    const bool redirect = slash_ == trailing_slash::redirect && found.alternative_slash && found.allowed.empty();
    return unrouted(req, found.allowed, redirect);
}

// OPTIONS * asks about the server, not a resource (RFC 9110 section 9.3.7).
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

} // namespace detail

} // namespace weir::http
