// SPDX-License-Identifier: MIT
#include <weir/reflect/rules.hpp>

namespace weir::rules::detail {

bool is_email(std::string_view text) noexcept {
    constexpr std::size_t longest = 254; // RFC 5321's path of 256 bytes without its angle brackets
    const std::size_t at = text.find('@');
    if (at == 0 || at == text.npos || text.size() > longest) return false;
    for (const char c : text)
        if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return false;
    const std::string_view domain = text.substr(at + 1);
    const std::size_t dot = domain.find('.');
    return domain.find('@') == domain.npos && dot != 0 && dot != domain.npos && domain.back() != '.' &&
           domain.find("..") == domain.npos;
}

} // namespace weir::rules::detail
