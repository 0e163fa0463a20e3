// SPDX-License-Identifier: MIT
#include "http/field/field_syntax.hpp"
#include "http/message/request_access.hpp"
#include "http/message/vary.hpp"
#include "http/routing/route_table.hpp"
#include <weir/http/middleware/cors.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace weir::http {

namespace {

[[noreturn]] void refuse_options(const std::string& why) { throw std::invalid_argument("weir: cors: " + why); }

bool origin_char(char c) noexcept {
    return c > 0x20 && c < 0x7f && std::string_view("/?#@*\\,").find(c) == std::string_view::npos;
}

// An origin that no browser sends must be a mistake: it would never match.
void check_origin(const std::string& origin) {
    const auto mark = origin.find("://");
    const auto host = mark == std::string::npos ? std::string() : origin.substr(mark + 3);
    const bool lower = std::none_of(origin.begin(), origin.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (mark == 0 || host.empty() || !lower || !std::all_of(host.begin(), host.end(), origin_char))
        refuse_options(
            "an origin must look like \"https://app.example.com\", in lower case, without path or pattern; got \"" +
            origin + "\"");
    const bool default_port = (origin.starts_with("https://") && host.ends_with(":443")) ||
                              (origin.starts_with("http://") && host.ends_with(":80"));
    if (default_port) refuse_options("browsers leave out the default port; got \"" + origin + "\"");
}

std::string joined_names(const std::vector<std::string>& names, bool credentials) {
    std::string all;
    for (const auto& name : names) {
        if (!detail::is_token(name)) refuse_options("not a header name: \"" + name + "\"");
        if (name == "*" && credentials) refuse_options("the header list \"*\" has no meaning with credentials");
        all.append(all.empty() ? "" : ", ").append(name);
    }
    return all;
}

class cors_policy {
public:
    explicit cors_policy(cors_options options)
        : origins_(std::move(options.origins)), allow_(std::move(options.allow)),
          headers_(joined_names(options.headers, options.credentials)),
          expose_(joined_names(options.expose, options.credentials)), credentials_(options.credentials),
          max_age_(std::to_string(options.max_age.count())) {
        any_ = std::find(origins_.begin(), origins_.end(), "*") != origins_.end();
        if (any_ && credentials_) refuse_options("\"*\" with credentials would let every site act as its visitor");
        if (any_ && (origins_.size() > 1 || allow_)) refuse_options("\"*\" must be the only origin");
        if (options.max_age.count() < 0) refuse_options("max_age is negative");
        if (!any_) std::for_each(origins_.begin(), origins_.end(), check_origin);
        for (const auto verb : options.methods) {
            if (verb == method::unknown) refuse_options("the methods contain an unknown one");
            methods_.add(verb);
        }
    }

    void operator()(request& req, response& res) const {
        const auto origin = req.header("origin");
        const bool allowed = allows(origin);
        if (allowed && asks_beforehand(req)) answer_preflight(req, res);
        add_fields(req, res, allowed ? origin : std::string_view());
    }

    // A response that the server makes on its own never answers a preflight request.
    void refused(const request& req, response& res) const {
        const auto origin = req.header("origin");
        add_fields(req, res, allows(origin) ? origin : std::string_view());
    }

private:
    bool allows(std::string_view origin) const {
        if (origin.empty()) return false;
        if (any_) return true;
        if (std::find(origins_.begin(), origins_.end(), origin) != origins_.end()) return true;
        return allow_ && origin != "null" && allow_(origin);
    }

    // Adds the fields that let `origin` read the response; none for an empty origin.
    void add_fields(const request& req, response& res, std::string_view origin) const {
        // sent to all, since a cache might otherwise serve one origin's response to another
        if (!any_) detail::add_vary(res.headers, "Origin");
        if (origin.empty()) return;
        res.headers.set("access-control-allow-origin", any_ ? std::string_view("*") : origin);
        if (credentials_) res.headers.set("access-control-allow-credentials", "true");
        if (!expose_.empty() && !asks_beforehand(req)) res.headers.set("access-control-expose-headers", expose_);
    }

    static bool asks_beforehand(const request& req) {
        return req.method() == method::options && !req.header("access-control-request-method").empty();
    }

    void answer_preflight(const request& req, response& res) const {
        const method_set methods = methods_.empty() ? detail::request_access::allowed(req) : methods_;
        res.clear();
        res.status = 204;
        if (!methods.empty()) res.headers.add("access-control-allow-methods", detail::comma_separated(methods));
        if (!headers_.empty()) res.headers.add("access-control-allow-headers", headers_);
        res.headers.add("access-control-max-age", max_age_);
    }

    std::vector<std::string> origins_;
    std::function<bool(std::string_view)> allow_;
    method_set methods_;
    std::string headers_;
    std::string expose_;
    bool credentials_;
    bool any_ = false;
    std::string max_age_;
};

} // namespace

middleware cors(cors_options options) {
    const auto policy = std::make_shared<const cors_policy>(std::move(options));
    middleware layer;
    layer.after = [policy](request& req, response& res) { (*policy)(req, res); };
    layer.after_refusal = [policy](request& req, response& res) { policy->refused(req, res); };
    return layer;
}

} // namespace weir::http
