// SPDX-License-Identifier: MIT
#include "reflect/json_quick_reader.hpp"

#include "reflect/json_budget.hpp"
#include "reflect/json_quick_number.hpp"
#include "reflect/json_quick_text.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace weir::reflect::detail {

namespace {

constexpr std::size_t most_frames = 64;

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

const char* skip_space(const char* p) noexcept {
    if (*p > ' ') [[likely]] // the usual case between tokens of generated JSON
        return p;
    while (is_space(*p)) ++p;
    return p;
}

// Each step takes the current position and returns the position after what it read, or null to give up. No step looks
// at what follows its value; between values only commas, brackets and whitespace are accepted.
class quick_reader {
public:
    quick_reader(std::size_t text_size, const json_options& options)
        : budget_(text_size, options), partial_(options.partial), refuse_unknown_(options.refuse_unknown),
          max_depth_(options.max_depth < most_frames ? options.max_depth : most_frames) {}

    /// Reads the document's one value and the whitespace around it.
    const char* document(const char* p, slot root) {
        p = value(skip_space(p), root);
        while (p != nullptr && depth_ != 0) p = go_on(p, frames_[depth_ - 1]);
        return p != nullptr ? skip_space(p) : nullptr;
    }

private:
    // An object, map or list being filled; without a type, one that is skipped.
    struct frame {
        slot into;
        const json_member* next; // of an object: the member to compare first
        const json_member* last; // the end of its members
        std::uint32_t seen_count;
        char closing;
        bool begun;
        std::array<std::uint64_t, json_member_words> seen;
    };

    const char* go_on(const char* p, frame& in);
    const char* members(const char* p, frame& in);
    const char* element(const char* p, const frame& in, bool first);
    const char* entry(const char* p, const frame& in);
    const char* ignored_item(const char* p, const frame& in);
    const char* value(const char* p, slot to);
    const char* optional(const char* p, slot to);
    const char* ignored_value(const char* p);
    const char* container(const char* p, char opening, slot to);

    static const char* known_key(const char* p, frame& in, slot& to);
    const char* other_key(const char* p, frame& in, slot& to) const;
    static bool take_member(const json_member& member, frame& in, slot& to);
    bool complete(const frame& done) const;

    json_budget budget_;
    bool partial_;
    bool refuse_unknown_;
    std::size_t max_depth_;
    std::size_t depth_ = 0;
    std::array<frame, most_frames> frames_;
};

const char* formatted_text(const char* p, slot to) {
    std::string_view found;
    p = plain_text(p, found);
    return p != nullptr && to.type->assign(to.place, found) ? p : nullptr;
}

// Whether the text continues with these characters; it is padded, so reading past the end is safe.
template<std::size_t Size>
bool is_word(const char* p, const char (&word)[Size]) noexcept {
    return std::memcmp(p, word, Size - 1) == 0;
}

const char* boolean(const char* p, bool& to) noexcept {
    to = *p == 't';
    if (to) return is_word(p, "true") ? p + 4 : nullptr;
    return is_word(p, "false") ? p + 5 : nullptr;
}

const char* quick_reader::optional(const char* p, slot to) {
    if (*p != 'n') return value(p, {to.type->add(to.place), to.type->element});
    to.type->clear(to.place);
    return is_word(p, "null") ? p + 4 : nullptr;
}

const char* quick_reader::value(const char* p, slot to) {
    switch (to.type->kind) {
    case json_kind::boolean:
        return boolean(p, *static_cast<bool*>(to.place));
    case json_kind::signed_integer:
        return integer<true>(p, to);
    case json_kind::unsigned_integer:
        return integer<false>(p, to);
    case json_kind::floating:
        return floating(p, to);
    case json_kind::string:
        return owned_text(p, *static_cast<std::string*>(to.place));
    case json_kind::text:
        return formatted_text(p, to);
    case json_kind::optional:
        return optional(p, to);
    case json_kind::list:
        return container(p, '[', to);
    default:
        return container(p, '{', to);
    }
}

// Reads a value of any kind and discards it.
const char* quick_reader::ignored_value(const char* p) {
    std::string_view text;
    bool truth = false;
    switch (*p) {
    case '"':
        return plain_text(p, text);
    case '{':
    case '[':
        return container(p, *p, {nullptr, nullptr});
    case 't':
    case 'f':
        return boolean(p, truth);
    case 'n':
        return is_word(p, "null") ? p + 4 : nullptr;
    default:
        return floating(p, {nullptr, nullptr});
    }
}

// Reads only the opening bracket; go_on reads the contents.
const char* quick_reader::container(const char* p, char opening, slot to) {
    if (*p != opening || depth_ == max_depth_) return nullptr;
    frame& fresh = frames_[depth_++];
    fresh.into = to;
    fresh.seen_count = 0;
    fresh.closing = static_cast<char>(opening + 2); // in ASCII closing brackets are two after the opening ones
    fresh.begun = false;
    fresh.seen = {};
    if (to.type == nullptr) return p + 1;
    fresh.next = to.type->members.data();
    fresh.last = fresh.next + to.type->members.size();
    if (to.type->clear != nullptr) to.type->clear(to.place);
    return p + 1;
}

// Continues after a value or the opening bracket, up to the end of the next value or the closing bracket.
const char* quick_reader::go_on(const char* p, frame& in) {
    p = skip_space(p);
    if (*p == in.closing) {
        --depth_;
        return complete(in) ? p + 1 : nullptr;
    }
    const bool first = !in.begun;
    if (!first) {
        if (*p != ',') return nullptr;
        p = skip_space(p + 1);
    }
    in.begun = true;
    if (in.into.type == nullptr) return ignored_item(p, in);
    if (in.into.type->kind == json_kind::object) return members(p, in);
    if (in.into.type->kind == json_kind::map) return entry(p, in);
    return element(p, in, first);
}

const char* quick_reader::element(const char* p, const frame& in, bool first) {
    const json_type& list = *in.into.type;
    return budget_.take(list, first) ? value(p, {list.add(in.into.place), list.element}) : nullptr;
}

// Reads members until an object or a list begins.
const char* quick_reader::members(const char* p, frame& in) {
    for (;;) {
        slot to{nullptr, nullptr};
        p = known_key(p, in, to);
        if (to.type == nullptr) p = other_key(p, in, to);
        if (p == nullptr) return nullptr;
        p = skip_space(p);
        // the usual types without a call
        if (to.type == nullptr)
            p = ignored_value(p);
        else if (to.type->kind == json_kind::signed_integer)
            p = integer<true>(p, to);
        else if (to.type->kind == json_kind::string)
            p = owned_text(p, *static_cast<std::string*>(to.place));
        else
            p = value(p, to);
        if (p == nullptr || *p != ',' || &in != &frames_[depth_ - 1]) return p;
        p = skip_space(p + 1);
    }
}

const char* quick_reader::entry(const char* p, const frame& in) {
    std::string_view name;
    p = plain_text(p, name);
    if (p == nullptr || !budget_.take(*in.into.type, false)) return nullptr;
    p = skip_space(p);
    const slot to{in.into.type->insert(in.into.place, name), in.into.type->element};
    return *p == ':' && to.place != nullptr ? value(skip_space(p + 1), to) : nullptr;
}

const char* quick_reader::ignored_item(const char* p, const frame& in) {
    if (in.closing == ']') return ignored_value(p);
    std::string_view name;
    p = plain_text(p, name);
    if (p == nullptr) return nullptr;
    p = skip_space(p);
    return *p == ':' ? ignored_value(skip_space(p + 1)) : nullptr;
}

// Records that the object has this member; false for a duplicate.
inline bool quick_reader::take_member(const json_member& member, frame& in, slot& to) {
    const auto index = static_cast<std::size_t>(&member - in.into.type->members.data());
    const std::uint64_t bit = std::uint64_t{1} << (index % 64);
    if (in.seen[index / 64] & bit) return false;
    in.seen[index / 64] |= bit;
    ++in.seen_count;
    in.next = &member + 1;
    to = {member.in(in.into.place), member.type};
    return true;
}

// Fast path: members usually come in the order of the description, without whitespace before the colon. Otherwise `to`
// is left unchanged.
inline const char* quick_reader::known_key(const char* p, frame& in, slot& to) {
    if (in.next == in.last || !starts_with_key(p, in.next->key, in.next->key_size)) return p;
    p += in.next->key_size;
    return take_member(*in.next, in, to) ? p : nullptr;
}

// Leaves `to` unchanged for a member to be ignored.
const char* quick_reader::other_key(const char* p, frame& in, slot& to) const {
    if (p == nullptr) return nullptr;
    std::string_view name;
    p = plain_text(p, name);
    if (p == nullptr) return nullptr;
    p = skip_space(p);
    if (*p != ':') return nullptr;
    // starts at the expected member, so that omitted ones cost little
    const auto all = in.into.type->members;
    const json_member* one = in.next;
    for (std::size_t i = 0; i < all.size(); ++i, ++one) {
        if (one == in.last) one = all.data();
        if (one->name == name) return take_member(*one, in, to) ? p + 1 : nullptr;
    }
    return refuse_unknown_ ? nullptr : p + 1;
}

// Sets missing members to their defaults; false if a required one is missing.
bool quick_reader::complete(const frame& done) const {
    if (done.into.type == nullptr || partial_) return true;
    const auto members = done.into.type->members; // empty for a list or a map
    if (done.seen_count == members.size()) return true;
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (done.seen[i / 64] >> (i % 64) & 1U) continue;
        if (members[i].set_default != nullptr)
            members[i].set_default(done.into.place);
        else if (members[i].required)
            return false;
    }
    return true;
}

} // namespace

bool read_quickly(std::string_view text, void* into, const json_type& type, const json_options& options) {
    quick_reader reader(text.size(), options);
    return reader.document(text.data(), {into, &type}) == text.data() + text.size();
}

} // namespace weir::reflect::detail
