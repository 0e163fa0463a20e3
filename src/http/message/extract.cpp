// SPDX-License-Identifier: MIT
#include "http/field/field_syntax.hpp"
#include "http/field/percent.hpp"
#include "http/message/framework_errors.hpp"
#include "http/message/parameter_binding.hpp"
#include "http/message/request_access.hpp"
#include <weir/http/extract.hpp>

namespace weir::http::detail {

namespace {

// Accepts `application/json` and `application/*+json`, with any parameters.
bool is_json(std::string_view content_type) {
    constexpr std::string_view suffix = "+json";
    if (content_type == "application/json") return true; // the usual case, without a case-insensitive comparison
    const auto type = media_type(content_type);
    if (equal_no_case(type, "application/json")) return true;
    return starts_with_no_case(type, "application/") && type.size() > suffix.size() &&
           equal_no_case(type.substr(type.size() - suffix.size()), suffix);
}

} // namespace

error bind_query(std::string_view text, const reflect::detail::json_type& type, void* into) {
    std::string scratch;
    parameter_binding binding(type, into, "query parameter");
    query_pairs pairs(text, scratch);
    while (pairs.next())
        if (error failed = binding.take(pairs.pair().key, pairs.pair().value)) return failed;
    if (pairs.verdict() != percent_verdict::ok) return {errc::invalid_argument, reason(pairs.verdict())};
    return {};
}

error require_json(const request& req) {
    if (!is_json(req.header("content-type"))) return framework_error(415, "send the body as application/json");
    return require_uncoded(req);
}

json_options json_reading(const request& req) noexcept {
    json_options how;
    how.max_depth = request_access::json_depth(req);
    return how;
}

} // namespace weir::http::detail
