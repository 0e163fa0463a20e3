// SPDX-License-Identifier: MIT
#include "http/field/parameters.hpp"

#include "http/field/field_syntax.hpp"

namespace weir::http::detail {

bool parameter_list::next() {
    rest_ = trim(rest_);
    if (rest_.empty() || malformed_) return false;
    if (rest_.front() != ';') return fail();
    while (rest_.starts_with(';')) rest_ = trim(rest_.substr(1));
    if (rest_.empty()) return false;
    const auto equals = rest_.find('=');
    if (equals == std::string_view::npos || !is_token(rest_.substr(0, equals))) return fail();
    one_.name = rest_.substr(0, equals);
    one_.value.clear();
    rest_.remove_prefix(equals + 1);
    return take_value() || fail();
}

bool parameter_list::take_value() {
    if (rest_.starts_with('"')) return take_quoted();
    const char* const end = rest_.data() + rest_.size();
    const auto size = static_cast<std::size_t>(skip_class(byte_class::token, rest_.data(), end) - rest_.data());
    one_.value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return size != 0;
}

bool parameter_list::take_quoted() {
    for (std::size_t at = 1; at < rest_.size(); ++at) {
        if (rest_[at] == '"') {
            rest_.remove_prefix(at + 1);
            return true;
        }
        const bool escapes =
            rest_[at] == '\\' && at + 1 < rest_.size() && (rest_[at + 1] == '"' || rest_[at + 1] == '\\');
        if (escapes) ++at;
        one_.value += rest_[at];
    }
    return false;
}

} // namespace weir::http::detail
