// SPDX-License-Identifier: MIT
#include <weir/http/tls.hpp>

#include <memory>

namespace weir::http {

const tls_info* tls_of(const request& req) noexcept {
    const auto* const kept = req.find<std::shared_ptr<const tls_info>>();
    return kept ? kept->get() : nullptr;
}

result<client_certificate> extractor<client_certificate>::from(request& req) {
    const tls_info* const connection = tls_of(req);
    if (!connection || !connection->certificate)
        return error(errc::unauthenticated, "a client certificate is required");
    return *connection->certificate;
}

} // namespace weir::http
