// SPDX-License-Identifier: MIT
#include "http/server/descriptor_limit.hpp"

#include <fcntl.h>
#include <limits>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace weir::http::detail {

std::size_t raise_descriptor_limit() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::size_t>::max();
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (limit.rlim_cur < limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<std::size_t>::max() : limit.rlim_cur;
}

void close_on_exec(int descriptor) noexcept {
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); // fails only for an invalid descriptor
}

bool spare_descriptor::give() noexcept { return held_ >= 0 && ::close(std::exchange(held_, -1)) == 0; }

void spare_descriptor::take() noexcept {
    if (held_ < 0) held_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

} // namespace weir::http::detail
