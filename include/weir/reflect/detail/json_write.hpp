// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/json_writer.hpp>
#include <weir/reflect/detail/json_type.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace weir::reflect::detail {

// `"name":` as one run of bytes.
template<class Field>
inline constexpr auto json_key = [] {
    std::array<char, Field::name.size() + 3> text{};
    text[0] = '"';
    std::copy_n(Field::name.data(), Field::name.size(), text.data() + 1);
    text[text.size() - 2] = '"';
    text[text.size() - 1] = ':';
    return text;
}();

// Every element left a comma behind it; the last one's place is the bracket's.
inline void close_json(std::string& out, char bracket) {
    if (out.back() == ',')
        out.back() = bracket;
    else
        out += bracket;
}

/// Writes values straight from memory into the string; a redacting writer puts *** for `secret` members.
template<bool Redact>
struct json_output {
    std::string& out;

    template<class M>
    void value(const M& value) {
        if constexpr (std::integral<M> || std::floating_point<M>)
            append_json(out, value);
        else if constexpr (rules::text<M>)
            append_json(out, std::string_view(value));
        else if constexpr (has_text_format<M>)
            text(value);
        else if constexpr (described_enum<M>)
            name(enum_name(value));
        else if constexpr (is_optional<M>)
            optional(value);
        else if constexpr (string_map<M>)
            map(value);
        else if constexpr (described<M>)
            object(value);
        else if constexpr (rules::many<M>)
            list(value);
        else
            static_assert(sizeof(M) == 0, "weir: JSON can't carry a value of this type; describe the struct or enum, "
                                          "or specialise weir::reflect::text_format for it");
    }

private:
    template<class M>
    void text(const M& value) {
        out += '"';
        text_format<M>::append(out, value);
        out += '"';
    }

    // A value that the enum's description lacks has no name to write.
    void name(std::string_view name) {
        if (name.data())
            append_json(out, name);
        else
            append_json(out, nullptr);
    }

    template<class M>
    void optional(const M& item) {
        if (item)
            value(*item);
        else
            append_json(out, nullptr);
    }

    template<class M>
    void list(const M& items) {
        out += '[';
        for (const auto& item : items) {
            value(item);
            out += ',';
        }
        close_json(out, ']');
    }

    template<class M>
    void map(const M& items) {
        out += '{';
        for (const auto& [key, item] : items) {
            append_json(out, std::string_view(key));
            out += ':';
            value(item);
            out += ',';
        }
        close_json(out, '}');
    }

    template<class T>
    void object(const T& object) {
        out += '{';
        for_each_field<T>([&](auto field) { member(field, field.of(object)); });
        close_json(out, '}');
    }

    template<class Field, class M>
    void member(Field field, const M& item) {
        if constexpr (field.is_optional)
            if (!item) return;
        out.append(json_key<Field>.data(), json_key<Field>.size());
        if constexpr (Redact && field.template has<rules::secret>())
            out += R"("***")";
        else
            value(item);
        out += ',';
    }
};

} // namespace weir::reflect::detail
