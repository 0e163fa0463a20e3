// SPDX-License-Identifier: MIT
#include "http/field/field_syntax.hpp"
#include "http/field/percent.hpp"
#include "http/message/framework_errors.hpp"
#include "http/message/parameter_binding.hpp"
#include <weir/http/form.hpp>

namespace weir::http::detail {

namespace {

constexpr std::size_t most_fields = 1000; // each is compared with every member

const char* form_reason(percent_verdict verdict) noexcept {
    if (verdict == percent_verdict::encoded_nul) return "an encoded NUL in the form";
    return verdict == percent_verdict::bad_utf8 ? "the form isn't UTF-8" : "a percent-escape in the form is invalid";
}

} // namespace

error require_form(const request& req) {
    constexpr std::string_view wanted = "application/x-www-form-urlencoded";
    if (!equal_no_case(media_type(req.header("content-type")), wanted))
        return framework_error(415, "send the body as application/x-www-form-urlencoded");
    return require_uncoded(req);
}

error bind_form(std::string_view body, const reflect::detail::json_type& type, void* into) {
    std::string scratch;
    parameter_binding binding(type, into, "form field");
    std::size_t count = 0;
    query_pairs pairs(body, scratch);
    while (pairs.next()) {
        if (++count > most_fields) return {errc::invalid_argument, "the form has more than 1000 fields"};
        if (error failed = binding.take(pairs.pair().key, pairs.pair().value)) return failed;
    }
    if (pairs.verdict() != percent_verdict::ok) return {errc::invalid_argument, form_reason(pairs.verdict())};
    return {};
}

} // namespace weir::http::detail
