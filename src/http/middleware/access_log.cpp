// SPDX-License-Identifier: MIT
#include "http/middleware/peer_address.hpp"
#include <weir/http/middleware/access_log.hpp>

#include <algorithm>

namespace weir::http {

namespace {

// An unsupported method or version is the client's fault, and so is closing the connection.
bool is_our_fault(const response& res, const exchange_summary& end) noexcept {
    if (res.status == 501 || res.status == 505 || res.failure == errc::cancelled) return false;
    return res.status >= 500 || (end.aborted && res.failure);
}

class access_logger {
public:
    access_logger(logger log, const access_log_options& options)
        : log_(std::move(log)), proxies_(options.trusted_proxies), quiet_(options.quiet) {}

    void operator()(const request& req, const response& res, const exchange_summary& end) const {
        const bool our_fault = is_our_fault(res, end);
        if (!our_fault && std::find(quiet_.begin(), quiet_.end(), req.path()) != quiet_.end()) return;
        const log_level level = our_fault ? log_level::error : log_level::info;
        if (our_fault && res.failure)
            write(level, req, res, end, field("error", res.failure));
        else
            write(level, req, res, end);
    }

private:
    template<class... More>
    void write(log_level level, const request& req, const response& res, const exchange_summary& end,
               const More&... more) const {
        client_info scratch;
        log_.log(
            level, "request", field("method", req.method_name()), field("path", req.path()),
            field("route", req.route()), field("status", res.status), field("duration_ms", end.took),
            field("bytes", end.bytes), field("client", address_of(req, scratch)),
            field("user_agent", req.header("user-agent")), field("request_id", req.context().request_id()), more...);
    }

    std::string_view address_of(const request& req, client_info& scratch) const {
        if (const auto* known = req.find<client_info>()) return known->address;
        if (proxies_.empty()) return req.remote_address();
        scratch.address = req.remote_address();
        proxies_.follow(req, proxy_fields::x_forwarded, scratch);
        return scratch.address;
    }

    logger log_;
    detail::proxy_list proxies_;
    std::vector<std::string> quiet_;
};

} // namespace

middleware access_log(logger log, access_log_options options) {
    middleware layer;
    layer.done = access_logger(std::move(log), options);
    return layer;
}

} // namespace weir::http
