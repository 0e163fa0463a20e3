// SPDX-License-Identifier: MIT
#include "http/message/request_access.hpp"

#include "http/field/byte_scan.hpp"
#include "http/field/percent.hpp"
#include "http/message/request_head.hpp"
#include <weir/http/extract.hpp>

namespace weir::http {

namespace detail {

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

void request_access::set_unrouted(request& req, const matched_route& fallback, method_set allowed,
                                  bool other_slash) noexcept {
    req.route_ = {};
    req.matched_ = &fallback;
    req.allowed_ = allowed;
    req.other_slash_ = other_slash;
    req.params_size_ = 0;
}

} // namespace detail

result<std::string> request::param(std::string_view name) const {
    if (!matched_) return error(errc::not_found, "no route matched: no parameter " + std::string(name));
    const auto raw = detail::request_access::raw_param(*this, name);
    if (!raw) return error(errc::not_found, "the route has no parameter " + std::string(name));
    std::string decoded;
    const auto verdict = detail::decode_segment(*raw, decoded);
    if (verdict != detail::percent_verdict::ok)
        return error(errc::invalid_argument, reason(verdict))
            .with_detail({std::string(name), "encoding", reason(verdict)});
    return decoded;
}

} // namespace weir::http
