// SPDX-License-Identifier: MIT
#include "http/message/request_timeout.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/middleware/deadline_from_header.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace weir::http {

middleware deadline_from_header(deadline_from_header_options options) {
    if (options.most < duration::zero())
        throw std::invalid_argument("deadline_from_header_options::most = " + std::to_string(options.most.count()) +
                                    " ns: accepted 0 ns or more");
    return [most = options.most](request& req) -> result<void> {
        const auto asked = detail::parse_request_timeout(req.header(detail::request_timeout_field));
        if (!asked) return ok();
        if (*asked == duration::zero()) return errc::deadline_exceeded;
        context& ctx = req.context();
        const time_point at = weir::detail::later(req.started(), std::min(*asked, most));
        ctx.attach(detail::caller_deadline{at});
        ctx.set_deadline(std::min(ctx.deadline(), at));
        return ok();
    };
}

} // namespace weir::http
