// SPDX-License-Identifier: MIT
#include "http/server/uncaught.hpp"

#include <cstdio>
#include <string_view>

namespace weir::http::detail {

namespace {

void write_line(const error& thrown) noexcept {
    const error why = thrown.cause() ? thrown.cause() : thrown;
    const std::string_view text = why.message();
    std::fprintf(stderr, "weir: an exception reached a loop: %.*s\n", static_cast<int>(text.size()), text.data());
}

} // namespace

void report_uncaught(const logger& log, const error& thrown) noexcept {
    if (!log.enabled(log_level::error)) return write_line(thrown);
    try {
        log.error("an exception reached a loop", field("error", thrown));
    } catch (...) {
        write_line(thrown);
    }
}

} // namespace weir::http::detail
