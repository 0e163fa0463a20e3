// SPDX-License-Identifier: MIT
#include "core/broken_pipe.hpp"

#include <csignal>

namespace weir::detail {

void ignore_broken_pipes() noexcept {
    struct sigaction now {};
    if (sigaction(SIGPIPE, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0) return;
    if (now.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
}

} // namespace weir::detail
