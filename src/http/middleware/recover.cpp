// SPDX-License-Identifier: MIT
#include <weir/http/middleware/recover.hpp>

namespace weir::http {

middleware recover(logger log) {
    middleware layer;
    layer.after = [log](request& req, response& res) {
        if (res.failure != errc::internal || !res.failure.cause()) return;
        log.error("handler failed", field("route", req.route()), field("request_id", req.context().request_id()),
                  field("error", res.failure));
    };
    layer.done_failed = [log](const request& req, const error& lost) {
        log.error("middleware failed after the response", field("route", req.route()),
                  field("request_id", req.context().request_id()), field("error", lost));
    };
    return layer;
}

} // namespace weir::http
