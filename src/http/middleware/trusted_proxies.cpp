// SPDX-License-Identifier: MIT
#include "http/message/request_access.hpp"
#include "http/middleware/peer_address.hpp"
#include <weir/http/tls.hpp>

#include <stdexcept>

namespace weir::http {

namespace {

client_info on_the_connection(const request& req) {
    return {std::string(req.remote_address()), tls_of(req) ? "https" : "http",
            std::string(detail::request_access::authority(req))};
}

} // namespace

client_info client_of(const request& req) {
    const auto* known = req.find<client_info>();
    return known ? *known : on_the_connection(req);
}

middleware trusted_proxies(trusted_proxies_options options) {
    if (options.direct_scheme != "http" && options.direct_scheme != "https")
        throw std::invalid_argument("weir: trusted_proxies: direct_scheme must be http or https");
    middleware layer;
    layer.by_head = true;
    layer.before = [proxies = detail::proxy_list(options.proxies), fields = options.fields,
                    scheme = std::move(options.direct_scheme)](request& req) -> result<void> {
        client_info client = on_the_connection(req);
        if (!tls_of(req)) client.scheme = scheme;
        proxies.follow(req, fields, client);
        req.attach(std::move(client));
        return ok();
    };
    return layer;
}

} // namespace weir::http
