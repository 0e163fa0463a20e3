// SPDX-License-Identifier: MIT
#include "http/field_syntax.hpp"
#include "http/framework_errors.hpp"
#include "http/percent.hpp"
#include "http/route_table.hpp"
#include <weir/http/extract.hpp>

namespace weir::http::detail {

namespace {

// `application/json` and `application/*+json`, whatever parameters follow.
bool is_json(std::string_view content_type) {
    constexpr std::string_view suffix = "+json";
    if (content_type == "application/json") return true; // as nearly always, without a look at each letter
    const auto type = media_type(content_type);
    if (equal_no_case(type, "application/json")) return true;
    return starts_with_no_case(type, "application/") && type.size() > suffix.size() &&
           equal_no_case(type.substr(type.size() - suffix.size()), suffix);
}

} // namespace

error ill_typed(std::string_view what, std::string_view field, std::string_view expected) {
    std::string message = "expected ";
    message += expected;
    return error(errc::invalid_argument, std::string(what) + " " + std::string(field) + ": " + message)
        .with_detail({std::string(field), "type", message});
}

error each_query_parameter(std::string_view text, parameter_binder bind, void* target) {
    std::string scratch;
    query_pairs pairs(text, scratch);
    while (pairs.next())
        if (error failed = bind(target, pairs.pair().key, pairs.pair().value)) return failed;
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
