// SPDX-License-Identifier: MIT
#include "orm_mysql/packet_size.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace weir::orm {

namespace {

constexpr std::size_t null_size = 4;
constexpr std::size_t most_of_number = 32;
constexpr std::size_t most_of_name = 2 * 64; // enums are stored in VARCHAR(64)

// Null for NULL.
const void* data_of(const argument& value) {
    if (!value.type) return nullptr;
    return value.type->nullable() ? value.type->value(value.data) : value.data;
}

// An upper bound that doesn't scan strings.
std::size_t roughly(const argument& value) {
    const void* const data = data_of(value);
    if (!data) return null_size;
    if (value.type->kind != column_kind::text) return most_of_name;
    return 2 * static_cast<const std::string*>(data)->size() + 2;
}

// Including quotes and escapes.
std::size_t quoted_size(std::string_view text) {
    constexpr std::string_view escaped("\0\n\r\\'\"\x1a", 7);
    const auto needs_escape = [&](char character) { return escaped.find(character) != std::string_view::npos; };
    return text.size() + static_cast<std::size_t>(std::ranges::count_if(text, needs_escape)) + 2;
}

std::size_t exactly(const argument& value) {
    const void* const data = data_of(value);
    if (!data) return null_size;
    std::int64_t number = 0;
    std::string text;
    switch (value.type->kind) {
    case column_kind::integer:
    case column_kind::boolean:
        value.type->load(data, number);
        return fmt::formatted_size("{}", number);
    case column_kind::real:
        return most_of_number;
    case column_kind::text:
        return quoted_size(*static_cast<const std::string*>(data));
    case column_kind::time:
    case column_kind::enumeration:
        value.type->print(data, text);
        return quoted_size(text);
    }
    return most_of_number;
}

template<class Size>
bool fits(std::string_view sql, std::span<const argument> in, std::size_t most, Size size) {
    std::size_t bytes = sql.size();
    for (const auto& value : in) bytes += size(value);
    return bytes <= most;
}

} // namespace

bool fits_packet(std::string_view sql, std::span<const argument> in, std::size_t most) {
    return fits(sql, in, most, roughly) || fits(sql, in, most, exactly);
}

} // namespace weir::orm
