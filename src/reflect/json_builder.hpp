// SPDX-License-Identifier: MIT
#pragma once

#include "reflect/json_mistakes.hpp"
#include <weir/reflect/json.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::reflect::detail {

/// Puts the events of a JSON reader straight into the value that they describe. A mistake is noted with
/// its path, the value it concerns is skipped, and the reading goes on to find the others; the functions
/// return false when it should stop. Text has to stay in place until the end: paths point into it.
class json_builder {
public:
    /// `check_text` is false when the whole text is known to be fine.
    json_builder(void* root, const json_type& type, const json_options& options, bool check_text);

    bool null();
    bool boolean(bool value);
    bool number(std::string_view digits);
    bool string(std::string_view text);
    bool begin_object();
    bool key(std::string_view name);
    bool end_object();
    bool begin_array();
    bool end_array();

    /// Notes where reading stands; `in_value` when it is inside the next value rather than behind the last.
    void malformed(std::string message, bool in_value);
    json_mistakes& mistakes() noexcept { return mistakes_; }

private:
    // An object, map or list being filled. Without initialisers: 64 of them are on the stack of each call.
    struct frame {
        void* object;
        const json_type* type;
        const json_member* member; // of an object: the current key's; null when unknown
        const char* key;           // of an object or map: the current key
        std::uint32_t key_size;
        std::uint32_t next; // of a list: how many elements; of an object: the member to compare first
        std::array<std::uint64_t, json_member_words> seen;
    };

    // Where the value that comes next belongs; nowhere when it is to be skipped.
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
    bool encoded(std::string_view text);
    bool expected(const json_type& type);
    bool mistake(std::string_view rule, std::string message);
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
    std::uint32_t depth_ = 0;   // frames in use
    std::uint32_t skipped_ = 0; // open containers inside a value that is skipped
    void* map_place_ = nullptr; // of the current key in a map; null for a duplicate
    frame* frames_;
    json_mistakes mistakes_;
    std::unique_ptr<frame[]> many_frames_;
    std::array<frame, inline_frames> few_frames_;
};

} // namespace weir::reflect::detail
