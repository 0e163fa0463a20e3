// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/column_type.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace weir::orm {

/// A value of a condition or a raw statement, kept until it is bound. A type of its own where the column's
/// own type would do as well, so that a condition outlives what it was made from.
class value {
public:
    value() = default; ///< NULL
    value(std::nullopt_t) {}
    value(bool flag) : kept_(std::int64_t{flag}) {}
    template<std::integral I>
    value(I number) {
        if (std::in_range<std::int64_t>(number))
            kept_ = static_cast<std::int64_t>(number);
        else
            kept_ = static_cast<std::uint64_t>(number); // refused when it is bound
    }
    value(double number) : kept_(number) {}
    value(std::string text) : kept_(std::move(text)) {}
    value(std::string_view text) : kept_(std::string(text)) {}
    value(const char* text) : kept_(std::string(text)) {}
    value(wall_time time) : kept_(time) {}
    template<reflect::described_enum E>
    value(E named) : kept_(std::string(reflect::enum_name(named))) {}
    template<class V>
    value(const std::optional<V>& maybe) {
        if (maybe) *this = value(*maybe);
    }

    bool is_null() const noexcept { return kept_.index() == 0; }

    argument bound() const noexcept;

private:
    std::variant<std::monostate, std::int64_t, std::uint64_t, double, std::string, wall_time> kept_;
};

/// The values as the session takes them; they refer to `values`.
std::vector<argument> bound(const std::vector<value>& values);

} // namespace weir::orm
