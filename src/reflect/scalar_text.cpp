// SPDX-License-Identifier: MIT
#include "reflect/scalar_text.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace weir::reflect::detail {

namespace {

// 010 is eight in YAML 1.1 and ten in YAML 1.2, so it is rejected here.
bool plain_number(std::string_view text) noexcept {
    if (text.starts_with('-')) text.remove_prefix(1);
    const bool leading_zero = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
    return !text.empty() && text[0] >= '0' && text[0] <= '9' && !leading_zero;
}

template<class Number>
bool read_number(std::string_view text, Number& value) noexcept {
    if (!plain_number(text)) return false;
    const auto* const end = text.data() + text.size();
    const auto [stopped, bad] = std::from_chars(text.data(), end, value);
    return bad == std::errc{} && stopped == end;
}

template<class Number>
bool store(std::string_view text, void* into) noexcept {
    Number value{};
    if (!read_number(text, value)) return false;
    if constexpr (std::is_floating_point_v<Number>)
        if (!std::isfinite(value)) return false;
    std::memcpy(into, &value, sizeof value);
    return true;
}

bool read_integer(std::string_view text, const json_type& type, void* into) noexcept {
    const bool is_signed = type.kind == json_kind::signed_integer;
    switch (type.size) {
    case 1:
        return is_signed ? store<std::int8_t>(text, into) : store<std::uint8_t>(text, into);
    case 2:
        return is_signed ? store<std::int16_t>(text, into) : store<std::uint16_t>(text, into);
    case 4:
        return is_signed ? store<std::int32_t>(text, into) : store<std::uint32_t>(text, into);
    default:
        return is_signed ? store<std::int64_t>(text, into) : store<std::uint64_t>(text, into);
    }
}

bool read_bool(std::string_view text, void* into) noexcept {
    if (text != "true" && text != "false") return false;
    *static_cast<bool*>(into) = text == "true";
    return true;
}

std::string accepted_integer(const json_type& type) {
    const int bits = type.size * 8 - (type.kind == json_kind::signed_integer ? 1 : 0);
    if (type.size >= 8) return type.kind == json_kind::signed_integer ? "a whole number" : "a whole number from 0";
    const std::int64_t most = (std::int64_t{1} << bits) - 1;
    return std::to_string(type.kind == json_kind::signed_integer ? -most - 1 : 0) + ".." + std::to_string(most);
}

std::string accepted_choices(const json_type& type) {
    std::string names;
    for (const auto choice : type.choices) names.append(names.empty() ? "" : ", ").append(choice);
    return names.empty() ? std::string(type.expected) : names;
}

} // namespace

bool read_scalar(std::string_view text, const json_type& type, void* into) {
    switch (type.kind) {
    case json_kind::boolean:
        return read_bool(text, into);
    case json_kind::signed_integer:
    case json_kind::unsigned_integer:
        return read_integer(text, type, into);
    case json_kind::floating:
        return type.size == 4 ? store<float>(text, into) : store<double>(text, into);
    case json_kind::string:
        static_cast<std::string*>(into)->assign(text);
        return true;
    case json_kind::text:
        return type.assign(into, text);
    default:
        return false;
    }
}

std::string accepted(const json_type& type) {
    switch (type.kind) {
    case json_kind::boolean:
        return "true or false";
    case json_kind::signed_integer:
    case json_kind::unsigned_integer:
        return accepted_integer(type);
    case json_kind::floating:
        return "a number";
    case json_kind::text:
        return accepted_choices(type);
    case json_kind::optional:
        return accepted(*type.element);
    case json_kind::list:
        return "a list";
    case json_kind::map:
    case json_kind::object:
        return "a section of `name: value` lines";
    default:
        return "text";
    }
}

} // namespace weir::reflect::detail
