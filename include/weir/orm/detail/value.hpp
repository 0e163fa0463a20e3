// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/detail/column_type.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::orm {

/// A value of a condition or a raw statement, kept until it is bound. Owns its data, so that a condition may outlive
/// the values it was made from.
class value {
public:
    // NOLINTNEXTLINE(modernize-use-equals-default): the union would make it deleted
    value() noexcept {} ///< NULL
    value(std::nullopt_t) noexcept {}
    value(bool flag) noexcept : kind_(kind::whole), whole_(flag ? 1 : 0) {}
    template<std::integral I>
    value(I number) noexcept : kind_(kind::whole), whole_(static_cast<std::int64_t>(number)) {
        if (!std::in_range<std::int64_t>(number)) kind_ = kind::too_large; // rejected when bound
    }
    value(double number) noexcept : kind_(kind::real), real_(number) {}
    value(std::string text) noexcept;
    value(std::string_view text);
    value(const char* text);
    value(wall_time time) noexcept : kind_(kind::time), time_(time) {}
    template<reflect::described_enum E>
    value(E named) : value(reflect::enum_name(named)) {
        if (text_.empty()) kind_ = kind::unnamed; // rejected when bound
    }
    template<class V>
    value(const std::optional<V>& maybe) {
        if (maybe) *this = value(*maybe);
    }

    // Defined out of line, like those of everything that queries hold several of: each file would compile them again.
    value(const value& other);
    value(value&& other) noexcept;
    value& operator=(const value& other);
    value& operator=(value&& other) noexcept;
    ~value();

    bool is_null() const noexcept { return kind_ == kind::null; }

    argument bound() const noexcept;

private:
    enum class kind : std::uint8_t { null, whole, too_large, real, text, unnamed, time };

    kind kind_ = kind::null;
    union {
        std::int64_t whole_ = 0;
        double real_;
        wall_time time_;
    };
    std::string text_;
};

/// The values as a session takes them; they refer to `values`.
std::vector<argument> bound(const std::vector<value>& values);

} // namespace weir::orm
