// SPDX-License-Identifier: MIT
#include "http/field/origin.hpp"
#include "http/middleware/origin_check.hpp"
#include <weir/http/client_info.hpp>
#include <weir/http/middleware/same_origin.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace weir::http {

namespace detail {

namespace {

bool safe(method verb) noexcept {
    return verb == method::get || verb == method::head || verb == method::options || verb == method::trace;
}

void check_origin(const std::string& origin) {
    const auto mark = origin.find("://");
    const bool fits = mark != std::string::npos && mark > 0 && origin.size() > mark + 3 &&
                      origin.find_first_of("/?#@*, \\", mark + 3) == std::string::npos;
    if (!fits)
        throw std::invalid_argument(
            "weir: same_origin: an origin looks like \"https://app.example.com\", without a path; got \"" + origin +
            "\"");
}

} // namespace

origin_check::origin_check(std::vector<std::string> origins) : origins_(std::move(origins)) {
    std::for_each(origins_.begin(), origins_.end(), check_origin);
}

bool origin_check::trusts(std::string_view origin) const noexcept {
    const auto same = [&](const std::string& trusted) { return detail::same_origin(trusted, origin); };
    return !origin.empty() && std::any_of(origins_.begin(), origins_.end(), same);
}

bool origin_check::allows(const request& req) const {
    const auto origin = req.header("origin");
    const auto site = req.header("sec-fetch-site");
    if (site == "same-origin" || site == "none" || trusts(origin)) return true;
    if (!site.empty()) return false;
    if (origin.empty()) return true;
    const client_info client = client_of(req);
    return own_origin(origin, client.host, client.scheme == "https");
}

result<void> origin_check::operator()(const request& req) const {
    if (safe(req.method()) || allows(req)) return ok();
    return error(errc::permission_denied, "pages of other sites may not send this request").with_code("cross_site");
}

} // namespace detail

middleware same_origin(same_origin_options options) {
    middleware layer;
    layer.by_head = true;
    layer.before = [check = detail::origin_check(std::move(options.origins))](request& req) { return check(req); };
    return layer;
}

} // namespace weir::http
