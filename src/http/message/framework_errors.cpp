// SPDX-License-Identifier: MIT
#include "http/message/framework_errors.hpp"

#include "http/field/field_syntax.hpp"

#include <string>

namespace weir::http::detail {

namespace {

struct known_status {
    int status;
    errc kind;
    std::string_view code;
};

constexpr known_status known[] = {
    {400, errc::invalid_argument, "bad_request"},
    {404, errc::not_found, "not_found"},
    {405, errc::unimplemented, "method_not_allowed"},
    {408, errc::deadline_exceeded, "request_timeout"},
    {412, errc::conflict, "precondition_failed"},
    {413, errc::too_large, "content_too_large"},
    {414, errc::too_large, "uri_too_long"},
    {415, errc::invalid_argument, "unsupported_media_type"},
    {416, errc::invalid_argument, "range_not_satisfiable"},
    {417, errc::invalid_argument, "expectation_failed"},
    {426, errc::unimplemented, "upgrade_required"},
    {431, errc::too_large, "headers_too_large"},
    {501, errc::unimplemented, "not_implemented"},
    {505, errc::unimplemented, "version_not_supported"},
};

} // namespace

error framework_error(int status, std::string_view message) {
    for (const auto& one : known)
        if (one.status == status)
            return error(one.kind, std::string(message)).with_code(std::string(one.code)).with_status(status);
    return error(errc::internal, std::string(message)).with_status(status);
}

error require_uncoded(const request& req) {
    const auto coding = req.header("content-encoding");
    if (coding.empty() || equal_no_case(coding, "identity")) return {};
    return framework_error(415, "send the body without a content coding");
}

} // namespace weir::http::detail
