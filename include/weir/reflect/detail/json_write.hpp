// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/json_sink.hpp>
#include <weir/reflect/detail/json_type.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::reflect::detail {

/// Writes values straight from memory into the string; a redacting writer replaces `secret` members by ***. Every
/// element is followed by a comma, and the closing bracket overwrites the last one.
template<bool Redact>
class json_output {
public:
    explicit json_output(std::string& out) noexcept : sink_(out) {}

    template<class M>
    void value(const M& value) {
        if constexpr (std::integral<M> || std::floating_point<M>)
            number(value);
        else if constexpr (rules::text<M>)
            sink_.text(std::string_view(value));
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
    void put(char c) {
        sink_.need(1);
        sink_.put(c);
    }

    template<class M>
    void number(M value) {
        sink_.need(weir::detail::json_sink::number_size);
        sink_.put_number(value);
    }

    template<class M>
    void text(const M& value) {
        sink_.append([&](std::string& out) {
            const std::size_t from = out.size();
            out += '"';
            text_format<M>::append(out, value);
            if constexpr (is_plain_text<M>)
                out += '"';
            else
                weir::detail::close_text(out, from);
        });
    }

    // Writes null for a value that the enum's description lacks.
    void name(std::string_view name) {
        if (name.data())
            sink_.text(name);
        else
            sink_.raw("null");
    }

    template<class M>
    void optional(const M& item) {
        if (item)
            value(*item);
        else
            sink_.raw("null");
    }

    template<class M>
    void list(const M& items) {
        put('[');
        for (const auto& item : items) {
            value(item);
            put(',');
        }
        close(']');
    }

    template<class M>
    void map(const M& items) {
        put('{');
        for (const auto& [key, item] : items) {
            sink_.text(std::string_view(key));
            put(':');
            value(item);
            put(',');
        }
        close('}');
    }

    template<class T>
    void object(const T& object) {
        put('{');
        for_each_field<T>([&](auto field) { member(field, field.of(object)); });
        close('}');
    }

    template<class Field, class M>
    void member(Field field, const M& item) {
        if constexpr (field.is_optional)
            if (!item) return;
        // reserves room for a number and the comma too, so that most members reserve only once
        sink_.need(sizeof(json_key<Field>) + weir::detail::json_sink::number_size + 1);
        sink_.put(json_key<Field>, json_key_size<Field>);
        if constexpr (Redact && field.template has<rules::secret>()) {
            sink_.raw(R"("***")");
        } else if constexpr (std::integral<M> || std::floating_point<M>) {
            sink_.put_number(item);
            return sink_.put(',');
        } else {
            value(item);
        }
        put(',');
    }

    void close(char bracket) {
        sink_.need(1);
        sink_.close(bracket);
    }

    weir::detail::json_sink sink_;
};

} // namespace weir::reflect::detail
