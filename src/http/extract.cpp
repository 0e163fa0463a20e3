// SPDX-License-Identifier: MIT
#include "http/framework_errors.hpp"
#include "http/percent.hpp"
#include <weir/http/extract.hpp>

#include <algorithm>

namespace weir::http::detail {

namespace {

// `application/json` and `application/*+json`, whatever parameters follow.
bool is_json(std::string_view type) {
    type = type.substr(0, type.find(';'));
    while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
    std::string lower(type);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return lower == "application/json" || (lower.starts_with("application/") && lower.ends_with("+json"));
}

} // namespace

error ill_typed(std::string_view where, std::string_view field, std::string_view expected) {
    std::string message = "expected ";
    message += expected;
    return error(errc::invalid_argument, std::string(where) + " parameter " + std::string(field) + ": " + message)
        .with_detail({std::string(field), "type", message});
}

error each_query_parameter(std::string_view text,
                           error (*bind)(void* target, std::string_view name, std::string_view value), void* target) {
    std::string scratch;
    query_pairs pairs(text, scratch);
    while (pairs.next())
        if (error failed = bind(target, pairs.pair().key, pairs.pair().value)) return failed;
    if (pairs.verdict() != percent_verdict::ok) return {errc::invalid_argument, reason(pairs.verdict())};
    return {};
}

error require_json(const request& req) {
    if (is_json(req.header("content-type"))) return {};
    return framework_error(415, "send the body as application/json");
}

} // namespace weir::http::detail
