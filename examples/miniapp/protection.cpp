// SPDX-License-Identifier: MIT
#include "protection.hpp"

#include <weir/http/message.hpp>
#include <weir/http/middleware/rate_limit.hpp>
#include <weir/http/middleware/shed.hpp>
#include <weir/http/middleware/trusted_proxies.hpp>
#include <weir/resilience/adaptive_limit_metrics.hpp>
#include <weir/resilience/rate_limiter_metrics.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace miniapp {

namespace {

weir::keyed_bucket_options options_of(const rate_settings& allowed) {
    weir::keyed_bucket_options options;
    options.rate = allowed.rate;
    options.per = allowed.per;
    options.burst = static_cast<std::size_t>(allowed.burst);
    return options;
}

weir::adaptive_limit_options options_of(const overload_settings& overload, std::string name, const weir::logger& log) {
    weir::adaptive_limit_options options;
    options.min = static_cast<std::size_t>(overload.min);
    options.max = static_cast<std::size_t>(overload.max);
    options.initial = options.min;
    options.on_event = [&log, name = std::move(name)](const weir::adaptive_limit_event& event) {
        if (event.change == weir::adaptive_limit_change::refusing)
            log.warn("overloaded", weir::field("name", name), weir::field("limit", event.limit));
        if (event.change == weir::adaptive_limit_change::recovered)
            log.info("no longer overloaded", weir::field("name", name), weir::field("limit", event.limit));
    };
    return options;
}

weir::traffic class_of(const weir::request& req) {
    if (req.path().starts_with("/api/v1/users")) return weir::traffic::batch;
    return req.method() == weir::http::method::post ? weir::traffic::critical : weir::traffic::normal;
}

} // namespace

bool addresses_or_networks::holds(const std::vector<std::string>& value) try {
    (void)weir::trusted_proxies({.proxies = value});
    return true;
} catch (const std::invalid_argument&) {
    return false;
}

protection::protection(const limits_settings& limits, const overload_settings& overload, const weir::logger& log)
    : addresses_(options_of(limits.address)), users_(options_of(limits.user)),
      logins_(options_of(overload, "logins", log)), api_(options_of(overload, "api", log)) {}

weir::middleware protection::per_address() {
    return weir::rate_limit(addresses_, weir::by_address, {.name = "address"});
}

weir::middleware protection::per_user() { return weir::rate_limit(users_, weir::by_subject, {.name = "user"}); }

weir::middleware protection::shed_logins() { return weir::shed(logins_); }

weir::middleware protection::shed() { return weir::shed(api_, {.classify = class_of}); }

void protection::measure(weir::metrics& to) const {
    weir::measure(to, addresses_, "address");
    weir::measure(to, users_, "user");
    weir::measure(to, logins_, "logins");
    weir::measure(to, api_, "api");
}

} // namespace miniapp
