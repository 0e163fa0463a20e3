// SPDX-License-Identifier: MIT
#pragma once

#include "reflect/json_budget.hpp"
#include "reflect/json_mistakes.hpp"
#include "reflect/json_number.hpp"
#include <weir/core/utf8.hpp>
#include <weir/reflect/json.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace weir::reflect::detail {

/// Stores the events of a JSON reader straight into the value that they describe. A mistake is recorded with its path,
/// its value is skipped, and reading continues to find more; the functions return false when reading should stop. The
/// text must stay in place until the end, because paths point into it.
class json_builder {
public:
    /// Pass `check_text` as false if the whole text, of this size, is known to be valid UTF-8.
    json_builder(void* root, const json_type& type, const json_options& options, std::size_t text_size,
                 bool check_text);

    bool null();
    bool boolean(bool value);
    bool number(std::string_view digits);
    bool string(std::string_view text);
    bool begin_object();
    bool key(std::string_view name);
    bool end_object();
    bool begin_array();
    bool end_array();

    /// Records a syntax error; `in_value` says whether it is inside the next value or after the last one.
    void malformed(std::string message, bool in_value);
    json_mistakes& mistakes() noexcept { return mistakes_; }

private:
    // An object, map or list being filled. Has no initialisers, because each call has 64 of them on its stack.
    struct frame {
        void* object;
        const json_type* type;
        const json_member* member; // of an object: the current key's member; null if unknown
        const char* key;           // of an object or map: the current key
        std::uint32_t key_size;
        std::uint32_t next;       // of a list: number of elements; of an object: the member to compare first
        std::uint32_t seen_count; // of an object: number of bits set in `seen`
        std::array<std::uint64_t, json_member_words> seen;
    };

    // The place of the next value; null if it is to be skipped.
    struct slot {
        void* place;
        const json_type* type;
    };

    slot next_slot();
    slot next_value();
    bool begin(bool (*fits)(json_kind));
    bool too_deep();
    void enter_item();
    bool end();
    bool push(slot to);
    void make_frames();
    bool affords(const frame& in, bool first);
    bool encoded(std::string_view text);
    bool bad_text();
    bool bad_number(std::string_view digits, const json_type& type);
    bool expected(const json_type& type);
    bool mistake(std::string_view rule, std::string message);
    template<class Word>
    static bool same_ends(std::string_view left, std::string_view right) noexcept;
    static bool same_name(std::string_view left, std::string_view right) noexcept;
    bool object_key(frame& in, std::string_view name);
    bool unknown_key(frame& in, std::string_view name);
    bool map_key(frame& in, std::string_view name);
    bool complete(const frame& done);
    void missing(const json_member& member);
    std::string path() const;
    std::string path_of_frame() const;
    static void append_step(std::string& path, const frame& at);

    static constexpr std::size_t inline_frames = 64;

    slot root_;
    json_options options_;
    bool check_text_;
    std::uint32_t depth_ = 0;   // number of frames in use
    std::uint32_t skipped_ = 0; // number of open containers inside a skipped value
    void* map_place_ = nullptr; // place of the current key in a map; null for a duplicate
    json_budget budget_;
    bool exceeded_ = false; // the budget is exceeded; reported once
    std::array<frame, inline_frames> few_frames_;
    frame* frames_;
    std::size_t frame_count_ = inline_frames;
    json_mistakes mistakes_;
    std::unique_ptr<frame[]> many_frames_;
};

// The functions that every member passes through are inline in the one source that parses.

inline json_builder::slot json_builder::next_slot() {
    if (depth_ == 0) return root_;
    frame& in = frames_[depth_ - 1];
    if (in.type->kind == json_kind::object)
        return in.member ? slot{in.member->in(in.object), in.member->type} : slot{nullptr, nullptr};
    if (in.type->kind == json_kind::map) return {map_place_, in.type->element};
    if (!affords(in, in.next++ == 0)) return {nullptr, nullptr};
    return {in.type->add(in.object), in.type->element};
}

// The place of a value that isn't null: the value inside an optional rather than the optional.
inline json_builder::slot json_builder::next_value() {
    slot to = next_slot();
    if (to.place && to.type->kind == json_kind::optional) to = {to.type->add(to.place), to.type->element};
    return to;
}

// Reports the first element that exceeds the budget; it and later ones are skipped.
inline bool json_builder::affords(const frame& in, bool first) {
    if (!exceeded_ && budget_.take(*in.type, first)) return true;
    if (!exceeded_)
        mistake("expansion", "the elements take more than " + std::to_string(options_.max_expansion) +
                                 " times the memory of the text");
    exceeded_ = true;
    return false;
}

inline bool json_builder::encoded(std::string_view text) { return !check_text_ || is_utf8(text) || bad_text(); }

inline bool json_builder::number(std::string_view digits) {
    if (skipped_ > 0) return true;
    const slot to = next_value();
    if (!to.place) return true;
    if (is_number(*to.type) && store_number(digits, *to.type, to.place)) return true;
    return bad_number(digits, *to.type);
}

inline bool json_builder::string(std::string_view text) {
    if (!encoded(text)) return false;
    if (skipped_ > 0) return true;
    const slot to = next_value();
    if (!to.place) return true;
    if (to.type->kind == json_kind::string) {
        static_cast<std::string*>(to.place)->assign(text);
        return true;
    }
    if (to.type->kind == json_kind::text && to.type->assign(to.place, text)) return true;
    return expected(*to.type);
}

inline bool json_builder::key(std::string_view name) {
    if (skipped_ > 0) return encoded(name);
    frame& in = frames_[depth_ - 1];
    in.key = name.data();
    in.key_size = static_cast<std::uint32_t>(name.size());
    return in.type->kind == json_kind::map ? map_key(in, name) : object_key(in, name);
}

// Compares the first and the last bytes, which may overlap.
template<class Word>
bool json_builder::same_ends(std::string_view left, std::string_view right) noexcept {
    const auto word = [](std::string_view text, std::size_t at) {
        Word bytes{};
        std::memcpy(&bytes, text.data() + at, sizeof(Word));
        return bytes;
    };
    const std::size_t last = left.size() - sizeof(Word);
    return word(left, 0) == word(right, 0) && word(left, last) == word(right, last);
}

// Names are short, so calling memcmp would cost more than comparing.
inline bool json_builder::same_name(std::string_view left, std::string_view right) noexcept {
    const std::size_t size = left.size();
    if (size != right.size()) return false;
    if (size >= 8) return same_ends<std::uint64_t>(left, right) && (size <= 16 || left == right);
    if (size >= 4) return same_ends<std::uint32_t>(left, right);
    if (size >= 2) return same_ends<std::uint16_t>(left, right);
    return size == 0 || left.front() == right.front();
}

// Members usually come in the order of the description, so the next one is compared first.
inline bool json_builder::object_key(frame& in, std::string_view name) {
    const auto members = in.type->members;
    std::size_t found = in.next;
    if (found >= members.size() || !same_name(members[found].name, name)) {
        for (found = 0; found < members.size() && !same_name(members[found].name, name);) ++found;
    }
    in.member = nullptr;
    if (found == members.size()) return unknown_key(in, name);
    const std::uint64_t bit = std::uint64_t{1} << (found % 64);
    if (in.seen[found / 64] & bit) return mistake("duplicate", "duplicate member");
    in.seen[found / 64] |= bit;
    ++in.seen_count;
    in.member = &members[found];
    in.next = static_cast<std::uint32_t>(found + 1);
    return true;
}

} // namespace weir::reflect::detail
