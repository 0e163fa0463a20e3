// SPDX-License-Identifier: MIT
#include "orm/outbox/outbox_rows.hpp"

#include <weir/core/utf8.hpp>
#include <weir/reflect/json.hpp>

#include <boost/describe.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::orm {

namespace {

struct stored_header {
    std::string name{};
    std::string value{};
};
BOOST_DESCRIBE_STRUCT(stored_header, (), (name, value))

bool is_storable(std::string_view text) noexcept { return text.find('\0') == std::string_view::npos && is_utf8(text); }

error not_storable(std::string_view what) {
    return {errc::invalid_argument,
            "a message's " + std::string(what) + " is not UTF-8, or contains U+0000: an outbox can't store it"};
}

std::string in_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        out += digits[value >> 4U];
        out += digits[value & 15U];
    }
    return out;
}

int digit_of(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> from_hex(std::string_view digits) {
    if (digits.size() % 2 != 0) return std::nullopt;
    std::string out;
    out.reserve(digits.size() / 2);
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const int high = digit_of(digits[i]);
        const int low = digit_of(digits[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

result<std::string> stored(const std::vector<message_header>& headers) {
    std::vector<stored_header> all;
    for (const auto& one : headers) {
        if (!is_storable(one.value)) return not_storable("header " + one.name);
        all.push_back({one.name, one.value});
    }
    return all.empty() ? std::string() : to_json(all);
}

error damaged(std::int64_t row, std::string_view what) {
    return {errc::internal, "row " + std::to_string(row) + " of outbox_messages has invalid " + std::string(what)};
}

} // namespace

result<outbox_row> row_of(const message& one, wall_time now) {
    for (const auto& [what, text] :
         {std::pair{"key", &one.key}, std::pair{"id", &one.id}, std::pair{"content type", &one.content_type}})
        if (!is_storable(*text)) return not_storable(what);
    auto headers = stored(one.headers);
    if (!headers) return headers.error();
    outbox_row row;
    row.message_id = one.id;
    row.topic = one.topic;
    row.message_key = one.key;
    row.content_type = one.content_type;
    row.headers = std::move(*headers);
    row.in_hex = !is_storable(one.body);
    row.body = row.in_hex ? in_hex(one.body) : one.body;
    row.bytes = static_cast<std::int64_t>(one.size());
    row.added_at = now;
    row.deliver_at = now + std::chrono::ceil<wall_time::duration>(one.delay);
    return row;
}

result<outbox_entry> entry_of(outbox_row row, wall_time now) {
    outbox_entry entry;
    entry.row = row.id;
    entry.failures = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(row.failures, 0, std::numeric_limits<std::uint32_t>::max()));
    message& content = entry.content;
    content.id = std::move(row.message_id);
    content.topic = std::move(row.topic);
    content.key = std::move(row.message_key);
    content.content_type = std::move(row.content_type);
    content.delay = std::max<duration>(row.deliver_at - now, duration::zero());
    auto body = row.in_hex ? from_hex(row.body) : std::move(row.body);
    if (!body) return damaged(row.id, "hexadecimal digits");
    content.body = std::move(*body);
    if (row.headers.empty()) return entry;
    auto headers = from_json<std::vector<stored_header>>(row.headers);
    if (!headers) return damaged(row.id, "headers");
    for (auto& one : *headers) content.headers.push_back({std::move(one.name), std::move(one.value)});
    return entry;
}

std::string failure_text(const error& failure) {
    constexpr std::size_t most = 500;
    std::string text = failure.describe();
    if (!is_storable(text)) return std::string(failure.code());
    if (text.size() <= most) return text;
    std::size_t end = most;
    while ((static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end; // inside a character
    text.resize(end);
    return text;
}

} // namespace weir::orm
