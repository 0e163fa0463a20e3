// SPDX-License-Identifier: MIT
#include "http/routing/route_table.hpp"
#include <weir/http/router.hpp>

#include <stdexcept>

namespace weir::http {

router::router() : table_(std::make_shared<detail::route_table>()) {}

router::router(std::shared_ptr<detail::route_table> table, std::string prefix, layers around, route_limits limits)
    : table_(std::move(table)), prefix_(std::move(prefix)), layers_(std::move(around)), limits_(limits) {}

router::router(router&&) noexcept = default;
router& router::operator=(router&&) noexcept = default;
router::~router() = default;

router& router::use(middleware layer) {
    if (has_routes_)
        throw std::invalid_argument("weir: use() must come before the routes it wraps, at " + prefix_ + "/");
    layers_.push_back(std::make_shared<const middleware>(std::move(layer)));
    if (prefix_.empty()) table_->set_fallback_layers(layers_);
    return *this;
}

router router::with(middleware layer) const {
    router same(table_, prefix_, layers_, limits_);
    same.layers_.push_back(std::make_shared<const middleware>(std::move(layer)));
    return same;
}

router router::below(std::string_view prefix) const {
    const bool plain = prefix.find_first_of("{}") == std::string_view::npos;
    if (prefix.empty() || prefix.front() != '/' || prefix.back() == '/' || !plain)
        throw std::invalid_argument(
            "weir: a route prefix must look like \"/api/v1\", without parameters; got \"" + std::string(prefix) + "\"");
    return {table_, prefix_ + std::string(prefix), layers_, limits_};
}

router& router::add(http::method verb, std::string_view pattern, handler target) {
    has_routes_ = true;
    // Within a group "/" means the group's own path.
    std::string whole = prefix_.empty() || pattern != "/" ? prefix_ + std::string(pattern) : prefix_;
    table_->add(verb, std::move(whole), std::move(target), layers_, limits_);
    return *this;
}

router& router::on_trailing_slash(trailing_slash policy) {
    table_->set_trailing_slash(policy);
    return *this;
}

router& router::max_body(std::size_t bytes) {
    limits_.max_body = bytes;
    return *this;
}

router& router::json_depth(std::uint32_t levels) {
    limits_.json_depth = levels;
    return *this;
}

router& router::timeout(duration time) {
    limits_.handler_time = time;
    return *this;
}

router& router::critical() {
    limits_.critical = true;
    return *this;
}

} // namespace weir::http
