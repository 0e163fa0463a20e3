// SPDX-License-Identifier: MIT
#pragma once

namespace weir::detail {

/// Ignores SIGPIPE if its disposition is still the default, which ends the process. `send` has a flag against it, but
/// `sendfile` and the writes of OpenSSL and other libraries don't; with the signal ignored they fail with EPIPE. A
/// handler installed by the program is kept. Thread-safe.
void ignore_broken_pipes() noexcept;

} // namespace weir::detail
