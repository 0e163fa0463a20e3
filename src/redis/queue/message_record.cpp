// SPDX-License-Identifier: MIT
#include "redis/queue/message_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace weir::redis::detail {

namespace {

constexpr char version = '1';

void put(std::string& into, std::string_view part) {
    fmt::format_to(std::back_inserter(into), "{}:{}", part.size(), part);
}

std::optional<std::uint64_t> take_number(std::string_view& from, char end) {
    std::uint64_t number = 0;
    const char* const last = from.data() + from.size();
    const auto read = std::from_chars(from.data(), last, number);
    if (read.ec != std::errc() || read.ptr == last || *read.ptr != end) return std::nullopt;
    from.remove_prefix(static_cast<std::size_t>(read.ptr - from.data()) + 1);
    return number;
}

bool take(std::string_view& from, std::string& into) {
    const auto size = take_number(from, ':');
    if (!size || *size > from.size()) return false;
    into = from.substr(0, *size);
    from.remove_prefix(*size);
    return true;
}

bool take_headers(std::string_view& from, message& into) {
    while (!from.empty()) {
        auto& one = into.headers.emplace_back();
        if (!take(from, one.name) || !take(from, one.value)) return false;
    }
    return true;
}

} // namespace

std::string encode_message(const message& one) {
    std::string made(1, version);
    made.reserve(one.size() + 64);
    put(made, one.id);
    put(made, one.key);
    put(made, one.content_type);
    put(made, one.body);
    for (const auto& header : one.headers) {
        put(made, header.name);
        put(made, header.value);
    }
    return made;
}

std::optional<message> decode_message(std::string_view topic, std::string_view bytes) {
    message made((std::string(topic)));
    if (!bytes.starts_with(version)) return std::nullopt;
    bytes.remove_prefix(1);
    if (!take(bytes, made.id) || !take(bytes, made.key) || !take(bytes, made.content_type) || !take(bytes, made.body) ||
        !take_headers(bytes, made))
        return std::nullopt;
    return made;
}

std::string encode_state(const delivery& of, std::uint32_t attempt) {
    const std::int64_t first = of.first_failed ? of.first_failed->time_since_epoch().count() : 0;
    return fmt::format("{}:{}:{}", attempt, std::max<std::int64_t>(first, 0), of.last_failure);
}

void decode_state(std::string_view state, delivery& into) {
    const auto attempt = take_number(state, ':');
    if (!attempt) return;
    into.attempt = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(*attempt, 1, 1'000'000));
    const auto first = take_number(state, ':');
    if (!first) return;
    if (*first > 0) into.first_failed = wall_time(wall_time::duration(static_cast<wall_time::rep>(*first)));
    into.last_failure = state;
}

stream_record read_record(std::string_view topic, reply_view entry) {
    stream_record made;
    std::string id;
    std::optional<message> content;
    auto at = entry.begin();
    made.entry = (*at++).text();
    const reply_view fields = *at;
    for (auto field = fields.begin(); field != fields.end(); ++field) {
        const std::string_view name = (*field++).text();
        const std::string_view value = (*field).text();
        if (name == "m")
            content = decode_message(topic, value);
        else if (name == "s")
            made.state = value;
        else if (name == "k")
            made.key = value;
        else if (name == "r")
            made.redelivered = value == "1";
        else if (name == "i")
            id = value;
    }
    made.decoded = content.has_value();
    if (!content) content = message(std::string(topic)).with_id(std::move(id)).with_key(made.key);
    made.content = std::make_shared<const message>(std::move(*content));
    return made;
}

delivery delivery_of(const stream_record& of) {
    delivery made(of.content);
    decode_state(of.state, made);
    made.redelivered = of.redelivered || made.attempt > 1;
    return made;
}

wall_time added_at(std::string_view entry) {
    const auto milliseconds = take_number(entry, '-').value_or(0);
    return wall_time(std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds)));
}

} // namespace weir::redis::detail
