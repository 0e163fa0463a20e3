// SPDX-License-Identifier: MIT
#include "http/message/not_modified.hpp"

#include "http/message/framework_errors.hpp"
#include <weir/http/into_response.hpp>

namespace weir::http::detail {

void become_not_modified(response& res) {
    res.status = 304;
    res.body.clear();
    for (const char* of_the_body : {"content-type", "content-encoding", "content-language", "content-range"})
        res.headers.erase(of_the_body);
}

void become_failed(response& res) {
    res.clear();
    into_response(framework_error(412, "the resource doesn't match the request's preconditions"), res);
}

} // namespace weir::http::detail
