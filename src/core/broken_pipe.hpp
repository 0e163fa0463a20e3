// SPDX-License-Identifier: MIT
#pragma once

namespace weir::detail {

/// Ignores SIGPIPE where its disposition is still the default, which ends the process. `send` can be told not to
/// raise it, but `sendfile` and OpenSSL's and other libraries' writes can't; with it ignored they fail with EPIPE.
/// A handler that the program installed stays. Thread-safe.
void ignore_broken_pipes() noexcept;

} // namespace weir::detail
