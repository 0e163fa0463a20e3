// SPDX-License-Identifier: MIT
#include <weir/http/middleware/authenticate.hpp>

namespace weir::http {

middleware authenticate(std::function<result<principal>(request&)> identify) {
    middleware layer;
    layer.by_head = true;
    layer.before = [identify = std::move(identify)](request& req) -> result<void> {
        auto who = identify(req);
        if (!who) return who.error();
        req.attach(std::move(*who));
        return ok();
    };
    return layer;
}

middleware require(std::string permission) {
    middleware layer;
    layer.by_head = true;
    layer.before = [permission = std::move(permission)](request& req) -> result<void> {
        const auto* who = req.find<principal>();
        if (!who) return errc::unauthenticated;
        if (!who->can(permission)) return error(errc::permission_denied, "this requires the permission " + permission);
        return ok();
    };
    return layer;
}

} // namespace weir::http
