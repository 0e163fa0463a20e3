// SPDX-License-Identifier: MIT
#include "idempotency_key.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string_view>

namespace miniapp {

namespace {

constexpr std::string_view field_name = "idempotency-key";
constexpr std::size_t max_length = 255;

bool is_key_field(std::string_view name) {
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    return std::ranges::equal(name, field_name, same);
}

std::size_t count_fields(const weir::request& req) {
    std::size_t found = 0;
    for (std::size_t i = 0; i < req.header_count(); ++i) found += is_key_field(req.header_at(i).name);
    return found;
}

// The characters between the quotes of a structured field's string (RFC 9651 section 4.2.5).
std::optional<std::string> unquoted(std::string_view text) {
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') return i + 1 == text.size() ? std::optional(value) : std::nullopt;
        if (text[i] == '\\' && (++i == text.size() || (text[i] != '"' && text[i] != '\\'))) return std::nullopt;
        value += text[i];
    }
    return std::nullopt;
}

bool is_key(std::string_view value) {
    const auto visible = [](char c) { return c > ' ' && c <= '~'; };
    return !value.empty() && value.size() <= max_length && std::ranges::all_of(value, visible);
}

weir::error malformed() {
    const std::string message = "Idempotency-Key must be one field of 1 to 255 visible ASCII characters";
    return weir::error(weir::errc::invalid_argument, message).with_detail({"Idempotency-Key", "format", message});
}

} // namespace

} // namespace miniapp

weir::result<miniapp::idempotency_key> weir::http::extractor<miniapp::idempotency_key>::from(weir::request& req) {
    const std::size_t fields = miniapp::count_fields(req);
    if (fields == 0) return miniapp::idempotency_key{};
    const std::string_view text = req.header(miniapp::field_name);
    auto value = text.starts_with('"') ? miniapp::unquoted(text) : std::optional<std::string>(text);
    if (fields > 1 || !value || !miniapp::is_key(*value)) return miniapp::malformed();
    return miniapp::idempotency_key{std::move(value)};
}
