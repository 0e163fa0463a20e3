// SPDX-License-Identifier: MIT
#include "http/message/header_access.hpp"
#include <weir/core/json_writer.hpp>
#include <weir/http/into_response.hpp>

#include <charconv>

namespace weir::http {

namespace {

void write_detail(json_writer& json, const error_detail& detail) {
    json.begin_object()
        .member("field", detail.field)
        .member("rule", detail.rule)
        .member("message", detail.message)
        .end_object();
}

} // namespace

void into_response(std::string_view text, response& out) {
    static constexpr detail::fixed_field plain_text("content-type: text/plain; charset=utf-8\r\n");
    detail::header_access::append(out.headers, plain_text);
    out.body.assign(text);
}

void into_response(const error& failure, response& out) {
    out.status = status_of(failure);
    out.failure = failure;
    detail::begin_json(out);
    json_writer json(out.body);
    json.begin_object()
        .member("code", failure.code())
        .member("message", failure.message())
        .key("details")
        .begin_array();
    for (const auto& one : failure.details()) write_detail(json, one);
    json.end_array().end_object();
    if (failure.retry_after() != 0) out.headers.set("retry-after", std::to_string(failure.retry_after()));
    if (out.status == 401 && !out.headers.contains("www-authenticate")) out.headers.add("www-authenticate", "Bearer");
}

void detail::begin_json(response& out) {
    header_access::set(out.headers, "content-type", "application/json");
    out.body.clear();
}

} // namespace weir::http
