// SPDX-License-Identifier: MIT
#include "http/field/byte_scan.hpp"
#include "http/field/field_syntax.hpp"
#include "http/message/header_access.hpp"
#include <weir/http/message.hpp>

#include <algorithm>

namespace weir::http {

namespace {

bool breaks_line(char c) noexcept { return c == '\r' || c == '\n' || c == '\0'; }
bool breaks_name(char c) noexcept { return c == ':' || c == ' ' || c == '\t' || breaks_line(c); }

// Nearly all names are letters and '-', and nearly all values have no control characters: those are checked 16 bytes at
// a time.
bool keeps_framing(std::string_view name, std::string_view value) noexcept {
    const char* const name_end = name.data() + name.size();
    const char* const value_end = value.data() + value.size();
    const bool plain_name = detail::skip_name(name.data(), name_end) == name_end;
    if (name.empty() || (!plain_name && std::any_of(name.begin(), name.end(), breaks_name))) return false;
    const char* const odd = detail::skip_text(value.data(), value_end);
    return std::none_of(odd, value_end, breaks_line);
}

} // namespace

std::size_t header_list::place(std::string_view name) const noexcept {
    if ((names_ & detail::name_bit(name)) == 0) return std::string::npos;
    const std::string_view lines = lines_;
    for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
        const auto line = lines.substr(at);
        if (line.size() > name.size() && line[name.size()] == ':' &&
            detail::equal_no_case(line.substr(0, name.size()), name))
            return at;
    }
    return std::string::npos;
}

header_list& header_list::add(std::string_view name, std::string_view value) {
    if (!keeps_framing(name, value))
        throw error_exception(
            error(errc::internal, "a header field would break the framing: " + std::string(name.substr(0, 40))));
    detail::header_access::append(*this, name, value);
    return *this;
}

header_list& header_list::set(std::string_view name, std::string_view value) {
    erase(name);
    return add(name, value);
}

std::string_view header_list::find(std::string_view name) const noexcept {
    const std::size_t at = place(name);
    if (at == std::string::npos) return {};
    const std::size_t value = at + name.size() + 2;
    return std::string_view(lines_).substr(value, lines_.find('\r', value) - value);
}

void header_list::erase(std::string_view name) {
    for (std::size_t at = place(name); at != std::string::npos; at = place(name))
        lines_.erase(at, lines_.find('\n', at) + 1 - at);
}

std::size_t header_list::size() const noexcept {
    return static_cast<std::size_t>(std::count(lines_.begin(), lines_.end(), '\n'));
}

header_view header_list::iterator::operator*() const noexcept {
    const std::size_t colon = rest_.find(':');
    const std::size_t value = colon + 2;
    return {rest_.substr(0, colon), rest_.substr(value, rest_.find('\r', value) - value)};
}

} // namespace weir::http
