// SPDX-License-Identifier: MIT
#include <weir/http/middleware/guard.hpp>

namespace weir::http::detail {

namespace {

bool says_failure(errc kind) noexcept {
    return kind == errc::unavailable || kind == errc::deadline_exceeded || kind == errc::internal ||
           kind == errc::unknown || kind == errc::cancelled;
}

errc kind_of(int status) noexcept {
    if (status == 503) return errc::unavailable;
    return status == 504 ? errc::deadline_exceeded : errc::internal;
}

} // namespace

error failure_of(const response& answered) noexcept {
    if (answered.status < 500) return {};
    if (says_failure(answered.failure.kind())) return answered.failure;
    return kind_of(answered.status);
}

// Copies of an error share its message.
bool same(const error& a, const error& b) noexcept {
    return a.kind() == b.kind() && a.message().data() == b.message().data();
}

} // namespace weir::http::detail
