// SPDX-License-Identifier: MIT
#include <weir/http/middleware/recover.hpp>

namespace weir::http {

middleware recover(logger log) {
    middleware layer;
    layer.after = [log = std::move(log)](request& req, response& res) {
        if (res.failure != errc::internal || !res.failure.cause()) return;
        log.error("handler failed", field("route", req.route()), field("request_id", req.context().request_id()),
                  field("error", res.failure));
    };
    return layer;
}

} // namespace weir::http
