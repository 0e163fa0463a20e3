// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/detail/json_key.hpp>
#include <weir/reflect/schema.hpp>
#include <weir/reflect/text_format.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The compiled JSON reader's view of a type: a constexpr table of its shape and of a few functions that access it. It
/// lets the reader be compiled once, and keeps RapidJSON out of the headers.
namespace weir::reflect::detail {

enum class json_kind : std::uint8_t {
    boolean,
    signed_integer,
    unsigned_integer,
    floating,
    string,
    text,
    optional,
    list,
    map,
    object
};

struct json_member;

struct json_type {
    json_kind kind = json_kind::object;
    std::uint8_t size = 0;                       ///< of a number, in bytes
    std::uint32_t element_size = 0;              ///< list, map: memory per element, in bytes
    std::string_view expected{};                 ///< text: describes what is accepted
    std::span<const std::string_view> choices{}; ///< text of an enum: its names
    const json_type* element = nullptr;          ///< optional, list, map
    std::span<const json_member> members{};      ///< object
    void (*clear)(void*) = nullptr;              ///< optional, list, map: empties it
    void* (*add)(void*) = nullptr;               ///< optional, list: returns the place of a new element
    void* (*insert)(
        void*,
        std::string_view) = nullptr; ///< map: place of the key's element; null: a duplicate, or a full bucket
    bool (*bucket_full)(const void*, std::string_view) = nullptr; ///< hashed map: too many keys in this key's bucket
    bool (*assign)(void*, std::string_view) = nullptr;            ///< text
};

/// Whether a value of this type is a single JSON scalar.
constexpr bool is_scalar(const json_type& type) noexcept {
    return type.kind != json_kind::optional && type.kind != json_kind::list && type.kind != json_kind::map &&
           type.kind != json_kind::object;
}

struct json_member {
    std::string_view name;
    const json_type* type;
    void* (*in)(void* object);
    void (*set_default)(void* object); ///< null if there is no defaults(...)
    bool required;
    const char* key; ///< json_key
    std::uint32_t key_size;
};

/// The first capacity of a list: growing from zero would allocate three times for the first four elements.
inline constexpr std::size_t json_first_room = 4;

/// Sets of members are bitmaps of this many words.
inline constexpr std::size_t json_member_words = 4;

template<class M>
struct json_binding {
    static_assert(sizeof(M) == 0,
                  "weir: JSON can't carry a member of this type; it can carry bool, integers, floating "
                  "numbers, std::string, optional, vector and map (with string keys) of these, "
                  "described structs and enums, points in time of the system clock, and types with a "
                  "weir::reflect::text_format");
};

template<class M>
inline constexpr json_type json_type_of = json_binding<M>::type();

template<>
struct json_binding<bool> {
    static constexpr json_type type() { return {.kind = json_kind::boolean}; }
};

template<class M>
concept json_integer = rules::number<M> && std::integral<M>;

template<class M>
    requires json_integer<M>
struct json_binding<M> {
    static constexpr json_type type() {
        return {.kind = std::signed_integral<M> ? json_kind::signed_integer : json_kind::unsigned_integer,
                .size = sizeof(M)};
    }
};

template<class M>
    requires(std::same_as<M, float> || std::same_as<M, double>)
struct json_binding<M> {
    static constexpr json_type type() { return {.kind = json_kind::floating, .size = sizeof(M)}; }
};

template<>
struct json_binding<std::string> {
    static constexpr json_type type() { return {.kind = json_kind::string}; }
};

template<has_text_format M>
struct json_binding<M> {
    static constexpr json_type type() {
        return {.kind = json_kind::text, .expected = text_format<M>::expected, .assign = assign};
    }
    static bool assign(void* to, std::string_view text) {
        auto parsed = text_format<M>::parse(text);
        if (!parsed) return false;
        *static_cast<M*>(to) = std::move(*parsed);
        return true;
    }
};

template<described_enum M>
struct json_binding<M> {
    static constexpr json_type type() {
        return {.kind = json_kind::text, .expected = "one of ", .choices = enum_names<M>, .assign = assign};
    }
    static bool assign(void* to, std::string_view name) {
        const auto value = enum_value<M>(name);
        if (value) *static_cast<M*>(to) = *value;
        return value.has_value();
    }
};

template<class M>
struct json_binding<std::optional<M>> {
    using optional = std::optional<M>;

    static_assert(!is_optional<M>, "weir: JSON has one null, so it can't tell an optional of an optional");

    static constexpr json_type type() {
        return {.kind = json_kind::optional, .element = &json_type_of<M>, .clear = clear, .add = add};
    }
    static void clear(void* to) { static_cast<optional*>(to)->reset(); }
    static void* add(void* to) {
        auto& value = *static_cast<optional*>(to);
        return value ? &*value : &value.emplace();
    }
};

template<class M, class Allocator>
struct json_binding<std::vector<M, Allocator>> {
    using list = std::vector<M, Allocator>;

    static_assert(!std::same_as<M, bool>,
                  "weir: std::vector<bool> has no bools to point at; use std::vector<char> or an enum");

    static constexpr json_type type() {
        return {.kind = json_kind::list,
                .element_size = sizeof(M),
                .element = &json_type_of<M>,
                .clear = clear,
                .add = add};
    }
    static void clear(void* to) { static_cast<list*>(to)->clear(); }
    static void* add(void* to) {
        auto& items = *static_cast<list*>(to);
        if (items.capacity() == 0) items.reserve(json_first_room);
        return &items.emplace_back();
    }
};

template<class M>
concept string_map = requires(M& map, std::string key) {
    requires std::same_as<typename M::key_type, std::string>;
    map.try_emplace(std::move(key)).first->second;
};

template<class M>
concept hashed_map = string_map<M> && requires(const M& map, const std::string& key) {
    map.bucket_size(map.bucket(key));
    map.max_load_factor();
};

template<string_map M>
struct json_binding<M> {
    static constexpr json_type type() {
        json_type map{.kind = json_kind::map,
                      .element_size = sizeof(typename M::value_type) + 4 * sizeof(void*),
                      .element = &json_type_of<typename M::mapped_type>,
                      .clear = clear,
                      .insert = insert};
        if constexpr (hashed_map<M>) map.bucket_full = bucket_full;
        return map;
    }
    static void clear(void* to) { static_cast<M*>(to)->clear(); }
    static void* insert(void* to, std::string_view key) {
        if constexpr (hashed_map<M>)
            if (bucket_full(to, key)) return nullptr;
        const auto [place, fresh] = static_cast<M*>(to)->try_emplace(std::string(key));
        return fresh ? &place->second : nullptr;
    }
    // With knowledge of the hash function an attacker can send keys that all fall into one bucket, where each is
    // compared with all before it. A million unbiased keys put at most ten into a bucket.
    static bool bucket_full(const void* in, std::string_view key) requires hashed_map<M> {
        constexpr float most = 32;
        const M& map = *static_cast<const M*>(in);
        if (static_cast<float>(map.size()) <= most) return false;
        const auto there = map.bucket_size(map.bucket(std::string(key)));
        return static_cast<float>(there) >= most * std::max(map.max_load_factor(), 1.0F);
    }
};

template<class T, std::size_t Index>
struct json_field {
    using described_field = field<T, Index>;

    static constexpr bool has_default = described_field::template has<rules::defaults>();

    static void* in(void* object) { return &described_field::of(*static_cast<T*>(object)); }
    static void set_default(void* object) {
        if constexpr (has_default)
            described_field::of(*static_cast<T*>(object)) = described_field::template rule<rules::defaults>().value;
    }
    static constexpr json_member member() {
        constexpr bool required =
            !described_field::is_optional && !has_default && !described_field::template has<rules::not_required>();
        return {described_field::name,
                &json_type_of<typename described_field::value_type>,
                in,
                has_default ? set_default : nullptr,
                required,
                json_key<described_field>.data(),
                json_key_size<described_field>};
    }
};

template<class T>
inline constexpr auto json_members = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<json_member, sizeof...(I)>{json_field<T, I>::member()...};
}
(std::make_index_sequence<field_count<T>>{});

template<described T>
struct json_binding<T> {
    static_assert(schema_is_sound<T>());
    static_assert(field_count<T> <= json_member_words * 64, "weir: JSON binds at most 256 members of one struct");

    static constexpr json_type type() { return {.kind = json_kind::object, .members = json_members<T>}; }
};

} // namespace weir::reflect::detail
