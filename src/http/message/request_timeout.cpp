// SPDX-License-Identifier: MIT
#include "http/message/request_timeout.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace weir::http::detail {

using std::chrono::milliseconds;

std::optional<duration> parse_request_timeout(std::string_view value) noexcept {
    if (value.empty() || value.size() > 10) return std::nullopt;
    std::int64_t count = 0;
    for (const char digit : value) {
        if (digit < '0' || digit > '9') return std::nullopt;
        count = count * 10 + (digit - '0');
    }
    return milliseconds(count);
}

std::string request_timeout_line(duration left) {
    constexpr milliseconds most(9'999'999'999);
    const auto whole = std::clamp(std::chrono::duration_cast<milliseconds>(left), milliseconds(1), most);
    return std::string(request_timeout_field) + ": " + std::to_string(whole.count()) + "\r\n";
}

} // namespace weir::http::detail
