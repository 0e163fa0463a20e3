// SPDX-License-Identifier: MIT
#include "amqp/message_codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weir::amqp {

namespace {

constexpr std::string_view tag_header = "x-weir-tag";
constexpr std::string_view key_header = "x-weir-key";
constexpr std::string_view attempt_header = "x-weir-attempt";
constexpr std::string_view first_failed_header = "x-weir-first-failed";
constexpr std::string_view last_failure_header = "x-weir-last-failure";
constexpr std::string_view died_header = "x-weir-died";
constexpr std::string_view delivery_count_header = "x-delivery-count"; // set by quorum queues
constexpr std::uint8_t persistent = 2;

std::int64_t micros_of(wall_time at) noexcept { return at.time_since_epoch().count(); }
wall_time wall_time_of(std::int64_t micros) noexcept { return wall_time(wall_time::duration(micros)); }

std::optional<std::int64_t> integer(const amqp_field_value_t& value) noexcept {
    switch (value.kind) {
    case AMQP_FIELD_KIND_I8:
        return value.value.i8;
    case AMQP_FIELD_KIND_U8:
        return value.value.u8;
    case AMQP_FIELD_KIND_I16:
        return value.value.i16;
    case AMQP_FIELD_KIND_U16:
        return value.value.u16;
    case AMQP_FIELD_KIND_I32:
        return value.value.i32;
    case AMQP_FIELD_KIND_U32:
        return value.value.u32;
    case AMQP_FIELD_KIND_I64:
        return value.value.i64;
    case AMQP_FIELD_KIND_U64:
        return static_cast<std::int64_t>(value.value.u64);
    default:
        return std::nullopt;
    }
}

std::optional<std::string> string(const amqp_field_value_t& value) {
    if (value.kind == AMQP_FIELD_KIND_UTF8 || value.kind == AMQP_FIELD_KIND_BYTES)
        return std::string(text(value.value.bytes));
    if (value.kind == AMQP_FIELD_KIND_BOOLEAN) return value.value.boolean ? "true" : "false";
    if (const auto number = integer(value)) return fmt::format("{}", *number);
    return std::nullopt;
}

// Returns whether the header is one of weir's own.
bool decode_own(std::string_view name, const amqp_field_value_t& value, decoded_message& into) {
    const std::int64_t number = integer(value).value_or(0);
    if (name == tag_header)
        into.notes.tag = number;
    else if (name == key_header)
        into.content.key = string(value).value_or("");
    else if (name == attempt_header)
        into.notes.attempt = static_cast<std::uint32_t>(std::clamp<std::int64_t>(number, 1, 1'000'000));
    else if (name == first_failed_header)
        into.notes.first_failed = wall_time_of(number);
    else if (name == last_failure_header)
        into.notes.last_failure = string(value).value_or("");
    else if (name == died_header)
        into.notes.died = wall_time_of(number);
    else if (name == delivery_count_header)
        into.redelivered = number > 0;
    else
        return false;
    return true;
}

// The broker's own headers, about dead-lettering, aren't the user's.
bool is_of_broker(std::string_view name) noexcept {
    return name == "x-death" || name.starts_with("x-first-death-") || name.starts_with("x-last-death-");
}

void decode_headers(const amqp_table_t& headers, decoded_message& into) {
    for (int i = 0; i < headers.num_entries; ++i) {
        const amqp_table_entry_t& one = headers.entries[i];
        const std::string_view name = text(one.key);
        if (decode_own(name, one.value, into) || is_of_broker(name)) continue;
        if (auto value = string(one.value)) into.content.headers.push_back({std::string(name), std::move(*value)});
    }
}

} // namespace

encoded_properties::encoded_properties(const message& of, const message_notes& notes) {
    headers_.reserve(of.headers.size() + 6);
    for (const auto& one : of.headers) headers_.push_back(entry(one.name, one.value));
    if (notes.tag != 0) headers_.push_back(entry(tag_header, notes.tag));
    if (!of.key.empty()) headers_.push_back(entry(key_header, of.key));
    if (notes.attempt > 1) headers_.push_back(entry(attempt_header, std::int64_t{notes.attempt}));
    if (notes.first_failed) headers_.push_back(entry(first_failed_header, micros_of(*notes.first_failed)));
    if (!notes.last_failure.empty())
        headers_.push_back(entry(last_failure_header, std::string_view(notes.last_failure)));
    if (notes.died) headers_.push_back(entry(died_header, micros_of(*notes.died)));
    properties_._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                         AMQP_BASIC_HEADERS_FLAG;
    properties_.content_type = bytes(of.content_type);
    properties_.message_id = bytes(of.id);
    properties_.delivery_mode = persistent;
    properties_.headers = table(headers_);
}

decoded_message decode(const amqp_basic_properties_t& properties) {
    decoded_message made;
    const auto has = [&](amqp_flags_t flag) { return (properties._flags & flag) != 0; };
    if (has(AMQP_BASIC_CONTENT_TYPE_FLAG)) made.content.content_type = text(properties.content_type);
    if (has(AMQP_BASIC_MESSAGE_ID_FLAG)) made.content.id = text(properties.message_id);
    if (has(AMQP_BASIC_HEADERS_FLAG)) decode_headers(properties.headers, made);
    return made;
}

void content_reader::begin() noexcept {
    state_ = state::header;
    too_large_ = false;
}

result<bool> content_reader::take(const amqp_frame_t& frame) {
    if (state_ == state::header && frame.frame_type == AMQP_FRAME_HEADER) {
        left_ = frame.payload.properties.body_size;
        too_large_ = left_ > max_body_;
        read_ = decode(*static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded));
        if (!too_large_) read_.content.body.reserve(left_);
        state_ = state::body;
        return complete();
    }
    if (state_ != state::body || frame.frame_type != AMQP_FRAME_BODY)
        return failed(error(errc::internal, "the broker sent frames in a wrong order"));
    const std::string_view part = text(frame.payload.body_fragment);
    if (part.size() > left_) return failed(error(errc::internal, "the broker sent a body longer than announced"));
    left_ -= part.size();
    if (!too_large_) read_.content.body.append(part);
    return complete();
}

bool content_reader::complete() noexcept {
    if (left_ > 0) return false;
    state_ = state::idle;
    return true;
}

decoded_message content_reader::finish() { return std::exchange(read_, {}); }

} // namespace weir::amqp
