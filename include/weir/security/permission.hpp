// SPDX-License-Identifier: MIT
#pragma once

#include <weir/security/principal.hpp>

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A permission as a constant shared by handlers, middleware and roles:
///
///     inline constexpr weir::permission manage_users{"users:manage"};
///
/// Checked at compile time: lower-case letters, digits and `: . _ -`, not empty.
class permission {
public:
    template<std::size_t N>
    consteval permission(const char (&literal)[N]) : name_(literal, N - 1) {
        if (!well_formed(name_)) throw "a permission's name consists of a-z 0-9 : . _ -";
    }

    constexpr std::string_view name() const noexcept { return name_; }
    constexpr operator std::string_view() const noexcept { return name_; }
    constexpr bool operator==(const permission&) const = default;

private:
    static constexpr bool well_formed(std::string_view name) noexcept {
        for (const char c : name) {
            const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            if (!plain && std::string_view(":._-").find(c) == std::string_view::npos) return false;
        }
        return !name.empty();
    }

    std::string_view name_;
};

/// A role and its permissions.
struct role {
    std::string name{};
    std::vector<permission> permissions{};
};

/// Maps roles to permissions; create it in main() and pass it to the code that creates principals:
///
///     const weir::role_table roles{{"customer", {place_orders}}, {"admin", {place_orders, manage_users}}};
///
/// An unknown role grants nothing. Immutable, so thread-safe.
class role_table {
public:
    role_table(std::initializer_list<role> roles);

    /// Returns a principal with the permissions of these roles, each once, sorted.
    principal identify(std::string subject, const std::vector<std::string>& roles) const;

private:
    std::map<std::string, std::vector<permission>, std::less<>> roles_;
};

} // namespace weir
