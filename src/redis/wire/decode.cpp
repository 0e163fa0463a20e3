// SPDX-License-Identifier: MIT
#include <weir/redis/decode.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace weir::redis::detail {

namespace {

std::string_view name_of(reply_kind kind) noexcept {
    constexpr std::array<std::string_view, 6> names{
        "nil", "a string", "a status", "an error", "an integer", "an array"};
    return names[static_cast<std::size_t>(kind)];
}

template<class T>
error decode_digits(reply_view from, T& out, std::string_view wanted) {
    const std::string_view text = from.text();
    if (from.kind() != reply_kind::string && from.kind() != reply_kind::status) return unexpected_reply(from, wanted);
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return unexpected_reply(from, wanted);
    return {};
}

} // namespace

error unexpected_reply(reply_view got, std::string_view wanted) {
    std::string message = "the reply is ";
    message.append(name_of(got.kind())).append(", expected was ").append(wanted);
    return error(errc::internal, std::move(message)).with_code("unexpected_reply");
}

error decode_integer(reply_view from, std::int64_t& out) {
    if (from.kind() != reply_kind::integer) return decode_digits(from, out, "an integer");
    out = from.integer();
    return {};
}

error decode_unsigned(reply_view from, std::uint64_t& out) {
    if (from.kind() != reply_kind::integer) return decode_digits(from, out, "an integer of 0 or more");
    if (from.integer() < 0) return unexpected_reply(from, "an integer of 0 or more");
    out = static_cast<std::uint64_t>(from.integer());
    return {};
}

error decode_double(reply_view from, double& out) {
    if (from.kind() != reply_kind::integer) return decode_digits(from, out, "a number");
    out = static_cast<double>(from.integer());
    return {};
}

error decode_bool(reply_view from, bool& out) {
    const std::string_view text = from.text();
    switch (from.kind()) {
    case reply_kind::nil:
        out = false;
        return {};
    case reply_kind::integer:
        out = from.integer() != 0;
        return {};
    case reply_kind::status:
        out = true;
        return {};
    case reply_kind::string:
        out = text == "1" || text == "true";
        if (out || text == "0" || text == "false") return {};
        break;
    default:
        break;
    }
    return unexpected_reply(from, "a boolean");
}

error text_of(reply_view from, std::string& room, std::string_view& out) {
    if (from.kind() == reply_kind::string || from.kind() == reply_kind::status) {
        out = from.text();
    } else if (from.kind() == reply_kind::integer) {
        room = std::to_string(from.integer());
        out = room;
    } else {
        return from.kind() == reply_kind::error ? error_of(from.text()) : unexpected_reply(from, "a string");
    }
    return {};
}

error decode_text(reply_view from, std::string& out) {
    if (from.kind() == reply_kind::string) {
        out.assign(from.text());
        return {};
    }
    std::string room;
    std::string_view text;
    if (error wrong = text_of(from, room, text)) return wrong;
    out.assign(text);
    return {};
}

error check_array(reply_view from) {
    if (from.kind() != reply_kind::array) return unexpected_reply(from, "an array");
    return {};
}

error check_array(reply_view from, std::size_t size) {
    if (error wrong = check_array(from)) return wrong;
    if (from.size() != size) return unexpected_reply(from, "an array of " + std::to_string(size) + " elements");
    return {};
}

error check_pairs(reply_view from) {
    if (error wrong = check_array(from)) return wrong;
    if (from.size() == 0) return {};
    if ((*from.begin()).kind() != reply_kind::array)
        return from.size() % 2 == 0 ? error() : unexpected_reply(from, "an array of fields and values");
    for (const reply_view one : from)
        if (one.size() != 2) return unexpected_reply(from, "an array of pairs");
    return {};
}

} // namespace weir::redis::detail
