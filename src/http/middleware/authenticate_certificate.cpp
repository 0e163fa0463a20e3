// SPDX-License-Identifier: MIT
#include <weir/http/middleware/authenticate_certificate.hpp>

#include <utility>

namespace weir::http {

middleware authenticate_certificate(std::function<result<principal>(const client_certificate&)> identify) {
    return authenticate([identify = std::move(identify)](request& req) -> result<principal> {
        const tls_info* const connection = tls_of(req);
        if (!connection || !connection->certificate) return errc::unauthenticated;
        return identify(*connection->certificate);
    });
}

middleware authenticate_certificate() {
    return authenticate_certificate([](const client_certificate& its) -> result<principal> {
        if (its.common_name.empty()) return errc::unauthenticated;
        return principal{its.common_name, {}};
    });
}

} // namespace weir::http
