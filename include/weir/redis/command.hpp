// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/describe.hpp>
#include <weir/reflect/text_format.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weir::redis {

/// A command with its arguments, encoded for the server (RESP) as it is built; binary safe. A container is an argument
/// for each element, a map and a described struct a field and a value for each entry. Numbers are decimal, bool is 1 or
/// 0; an empty optional is no argument, and in a struct the field is left out.
///
///     redis::command trim("XTRIM", stream, "MAXLEN", "~", 1000);
class command {
public:
    template<class... Args>
    explicit command(std::string_view name, const Args&... args) {
        begin(name, (size_hint(args) + ... + std::size_t{0}));
        (put(args), ...);
        write_head();
    }

    /// Appends an argument.
    template<class T>
    command& add(const T& value) {
        put(value);
        write_head();
        return *this;
    }

    /// The name, such as `GET`.
    std::string_view name() const noexcept { return argument(0); }
    /// The number of arguments, the name included.
    std::size_t size() const noexcept { return count_; }
    /// An argument; 0 is the name. Empty beyond the last. Linear in `index`.
    std::string_view argument(std::size_t index) const noexcept;
    /// The bytes for the server.
    std::string_view encoded() const noexcept { return std::string_view(bytes_).substr(start_); }

    /// The same arguments after the first `skipped`, behind other ones: EVALSHA becomes EVAL.
    command with_front(std::size_t skipped, std::string_view name, std::string_view first) const;

private:
    template<class T>
    static std::size_t size_hint(const T& value) noexcept {
        if constexpr (std::convertible_to<const T&, std::string_view>)
            return std::string_view(value).size() + 16;
        else
            return 32;
    }

    template<class T>
    void put(const T& value) {
        if constexpr (std::convertible_to<const T&, std::string_view>)
            append(std::string_view(value));
        else if constexpr (std::same_as<T, bool>)
            append(value ? "1" : "0");
        else if constexpr (std::signed_integral<T>)
            append_signed(value);
        else if constexpr (std::unsigned_integral<T>)
            append_unsigned(value);
        else if constexpr (std::floating_point<T>)
            append_double(value);
        else if constexpr (reflect::described_enum<T>)
            append(reflect::enum_name(value));
        else if constexpr (reflect::has_text_format<T>)
            append_formatted(value);
        else if constexpr (reflect::detail::is_optional<T>) {
            if (value) put(*value);
        } else if constexpr (reflect::described<T>)
            append_fields(value);
        else if constexpr (std::ranges::input_range<const T>) {
            for (const auto& one : value) put(one);
        } else
            append_both(value);
    }

    template<class T>
    void append_formatted(const T& value) {
        std::string text;
        reflect::text_format<T>::append(text, value);
        append(text);
    }

    template<class T>
    void append_fields(const T& row) {
        const auto one = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            using member = typename reflect::detail::members<T>::template at<I>;
            const auto& value = row.*member::pointer;
            if constexpr (reflect::detail::is_optional<std::decay_t<decltype(value)>>)
                if (!value) return;
            append(member::name);
            put(value);
        };
        [&]<std::size_t... I>(std::index_sequence<I...>) { (one(std::integral_constant<std::size_t, I>()), ...); }
        (std::make_index_sequence<reflect::field_count<T>>());
    }

    template<class A, class B>
    void append_both(const std::pair<A, B>& both) {
        put(both.first);
        put(both.second);
    }

    void begin(std::string_view name, std::size_t hint);
    void append(std::string_view text);
    void append_signed(std::int64_t value);
    void append_unsigned(std::uint64_t value);
    void append_double(double value);
    void write_head();
    std::size_t position(std::size_t index) const noexcept;

    std::string bytes_;
    std::size_t start_ = 0;
    std::size_t count_ = 0;
};

} // namespace weir::redis
