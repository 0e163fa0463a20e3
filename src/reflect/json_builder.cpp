// SPDX-License-Identifier: MIT
#include "reflect/json_builder.hpp"

#include "reflect/json_number.hpp"
#include <weir/reflect/detail/path.hpp>

#include <algorithm>
#include <utility>

namespace weir::reflect::detail {

namespace {

std::string expected_text(const json_type& type) {
    std::string text(type.expected);
    for (const auto choice : type.choices) text.append(choice).append(", ");
    if (!type.choices.empty()) text.resize(text.size() - 2);
    return text;
}

std::string expected_value(const json_type& type) {
    switch (type.kind) {
    case json_kind::boolean:
        return "boolean";
    case json_kind::signed_integer:
    case json_kind::unsigned_integer:
        return "integer";
    case json_kind::floating:
        return "number";
    case json_kind::string:
        return "string";
    case json_kind::text:
        return expected_text(type);
    case json_kind::list:
        return "array";
    default:
        return "object";
    }
}

} // namespace

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): frames are set when they are pushed
json_builder::json_builder(void* root, const json_type& type, const json_options& options, std::size_t text_size,
                           bool check_text)
    : root_{root, &type}, options_(options), check_text_(check_text), budget_(text_size, options),
      frames_(few_frames_.data()) {}

bool json_builder::null() {
    if (skipped_ > 0) return true;
    const slot to = next_slot();
    if (!to.place) return true;
    if (to.type->kind != json_kind::optional) return expected(*to.type);
    to.type->clear(to.place);
    return true;
}

bool json_builder::boolean(bool value) {
    if (skipped_ > 0) return true;
    const slot to = next_value();
    if (!to.place) return true;
    if (to.type->kind != json_kind::boolean) return expected(*to.type);
    *static_cast<bool*>(to.place) = value;
    return true;
}

bool json_builder::bad_number(std::string_view digits, const json_type& type) {
    return mistake("type", "expected " + (is_number(type) ? expected_number(digits, type) : expected_value(type)));
}

bool json_builder::bad_text() {
    mistake("syntax", "string isn't valid UTF-8");
    return false;
}

bool json_builder::begin_object() {
    return begin([](json_kind kind) { return kind == json_kind::object || kind == json_kind::map; });
}

bool json_builder::begin_array() {
    return begin([](json_kind kind) { return kind == json_kind::list; });
}

bool json_builder::begin(bool (*fits)(json_kind)) {
    if (depth_ + skipped_ >= options_.max_depth) return too_deep();
    if (skipped_ > 0) {
        ++skipped_;
        return true;
    }
    const slot to = next_value();
    if (to.place && fits(to.type->kind)) return push(to);
    ++skipped_;
    return !to.place || expected(*to.type);
}

bool json_builder::too_deep() {
    enter_item();
    mistake("depth", "nested deeper than " + std::to_string(options_.max_depth));
    return false;
}

bool json_builder::push(slot to) {
    if (to.type->clear) to.type->clear(to.place);
    if (depth_ == frame_count_) make_frames();
    frame& fresh = frames_[depth_++];
    fresh.object = to.place;
    fresh.type = to.type;
    fresh.member = nullptr;
    fresh.key = nullptr;
    fresh.key_size = 0;
    fresh.next = 0;
    fresh.seen_count = 0;
    fresh.seen = {};
    return true;
}

void json_builder::make_frames() {
    std::unique_ptr<frame[]> more(new frame[2 * frame_count_]);
    std::copy_n(frames_, depth_, more.get());
    many_frames_ = std::move(more);
    frames_ = many_frames_.get();
    frame_count_ *= 2;
}

bool json_builder::unknown_key(frame& in, std::string_view name) {
    if (check_text_ && !is_utf8(name)) {
        in.key = nullptr;
        return bad_text();
    }
    return !options_.refuse_unknown || mistake("unknown", "unknown member");
}

bool json_builder::map_key(frame& in, std::string_view name) {
    if (check_text_ && !is_utf8(name)) {
        in.key = nullptr;
        return bad_text();
    }
    map_place_ = nullptr;
    if (!affords(in, false)) return true;
    map_place_ = in.type->insert(in.object, name);
    if (map_place_) return true;
    if (!in.type->bucket_full || !in.type->bucket_full(in.object, name))
        return mistake("duplicate", "duplicate member");
    mistake("collisions", "too many names with the same hash");
    return false;
}

bool json_builder::end_object() {
    if (skipped_ == 0 && !complete(frames_[depth_ - 1])) return false;
    return end();
}

bool json_builder::end_array() { return end(); }

bool json_builder::end() {
    if (skipped_ > 0)
        --skipped_;
    else
        --depth_;
    return true;
}

// Sets missing members to their defaults, or reports them.
bool json_builder::complete(const frame& done) {
    if (options_.partial || done.type->kind == json_kind::map) return true;
    const auto members = done.type->members;
    if (done.seen_count == members.size()) return true;
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (done.seen[i / 64] >> (i % 64) & 1U) continue;
        if (members[i].set_default)
            members[i].set_default(done.object);
        else if (members[i].required)
            missing(members[i]);
    }
    return !mistakes_.full();
}

void json_builder::missing(const json_member& member) {
    std::string path = path_of_frame();
    append_path(path, member.name);
    mistakes_.add(std::move(path), "required", "is required");
}

bool json_builder::expected(const json_type& type) { return mistake("type", "expected " + expected_value(type)); }

bool json_builder::mistake(std::string_view rule, std::string message) {
    mistakes_.add(path(), rule, std::move(message));
    return !mistakes_.full();
}

void json_builder::malformed(std::string message, bool in_value) {
    if (in_value) enter_item();
    mistake("syntax", std::move(message));
}

// Advances the path to a list's next item, whose value the builder hasn't seen yet.
void json_builder::enter_item() {
    if (skipped_ == 0 && depth_ > 0 && frames_[depth_ - 1].type->kind == json_kind::list) ++frames_[depth_ - 1].next;
}

std::string json_builder::path() const {
    std::string path = path_of_frame();
    if (depth_ > 0) append_step(path, frames_[depth_ - 1]);
    return path;
}

// The path of the innermost object, map or list itself.
std::string json_builder::path_of_frame() const {
    std::string path;
    for (std::size_t i = 0; i + 1 < depth_; ++i) append_step(path, frames_[i]);
    return path;
}

void json_builder::append_step(std::string& path, const frame& at) {
    if (at.type->kind == json_kind::list) {
        if (at.next > 0) append_path(path, at.next - 1);
    } else if (at.key) {
        append_path(path, std::string_view(at.key, at.key_size));
    }
}

} // namespace weir::reflect::detail
