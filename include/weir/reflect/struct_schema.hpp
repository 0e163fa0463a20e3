// SPDX-License-Identifier: MIT
#pragma once

#include <weir/reflect/describe.hpp>
#include <weir/reflect/rules.hpp>

#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::reflect {

/// The value of `schema<T>` for a struct without rules.
struct no_schema {};

namespace detail {

/// A rule that validates values of type M; all other rules are attributes.
template<class Rule, class M>
concept checks = requires(const Rule& rule, const M& value) {
    { rule.holds(value) } -> std::convertible_to<bool>;
};

// Whether the rule has a member named `holds`, for any type: if so, adding a second one makes the name ambiguous.
struct second_holds {
    static void holds();
};
template<class Rule>
struct with_second_holds : Rule, second_holds {};
template<class Rule>
inline constexpr bool has_holds = !requires {
    &with_second_holds<Rule>::holds;
};
template<class Rule>
    requires std::is_final_v<Rule>
inline constexpr bool has_holds<Rule> = requires { &Rule::holds; };

template<class Rule, class M>
inline constexpr bool suits = checks<Rule, M> || !has_holds<Rule>;

} // namespace detail

/// One `.key(...)` or `.field(...)` of a schema.
template<class Pointer, bool Key, class... Rules>
struct schema_entry {
    static constexpr bool is_key = Key;

    Pointer member{};
    std::tuple<Rules...> rules{};
};

/// One `.unique(...)` or `.index(...)` of a schema, on one or more columns.
template<bool Unique, class... Pointers>
struct schema_index {
    static constexpr bool is_unique = Unique;

    std::tuple<Pointers...> members{};
};

/// One `.check(...)` of a schema.
struct schema_check {
    std::string_view name{};
    std::string_view condition{};
};

/// A schema; every call returns an extended copy. Starts at weir::table or weir::object. `Parts` is a std::tuple of the
/// parts that belong to the table rather than to a member.
template<bool Table, class Owner, class Parts, class... Entries>
struct struct_schema {
    static constexpr bool is_table = Table;
    static constexpr std::size_t keys = (std::size_t{0} + ... + std::size_t{Entries::is_key});
    using owner = Owner;

    std::string_view name{};
    std::tuple<Entries...> entries{};
    Parts parts{};

    /// Sets the member that identifies a row. The database generates an integer key unless it is `assigned`.
    template<class Value, class Class, class... Rules>
    constexpr auto key(Value Class::*member, Rules... rules) const {
        static_assert(Table, "weir: an object() has no key; begin the schema with table(\"name\")");
        static_assert(keys == 0, "weir: a table has one key");
        return with<true>(member, rules...);
    }

    /// Gives rules and attributes to a member; members without any needn't be listed.
    template<class Value, class Class, class... Rules>
    constexpr auto field(Value Class::*member, Rules... rules) const {
        return with<false>(member, rules...);
    }

    /// Requires the values of these members together to be unique.
    template<class... Members>
    constexpr auto unique(Members... members) const {
        return with_index<true>(members...);
    }

    /// Adds an index on these members, in this order. For a single member weir::index does the same.
    template<class... Members>
    constexpr auto index(Members... members) const {
        return with_index<false>(members...);
    }

    /// Adds an SQL condition that every row must meet: `.check("ends_later", "starts_at < ends_at")`. The name
    /// identifies it in errors and must be unique in the database.
    constexpr auto check(std::string_view named, std::string_view condition) const {
        static_assert(Table, "weir: an object() has no checks; begin the schema with table(\"name\")");
        return with_part(schema_check{named, condition});
    }

private:
    template<bool Unique, class... Members>
    constexpr auto with_index(Members... members) const {
        static_assert(Table, "weir: an object() has no indexes; begin the schema with table(\"name\")");
        static_assert(sizeof...(Members) > 0 && (std::is_member_object_pointer_v<Members> && ...),
                      "weir: an index is on members: .index(&todo::owner, &todo::done)");
        using part = schema_index<Unique, Members...>;
        return with_part(part{std::tuple<Members...>(members...)});
    }

    template<class Part>
    constexpr auto with_part(Part part) const {
        auto longer_parts = std::tuple_cat(parts, std::tuple<Part>(part));
        return struct_schema<Table, Owner, decltype(longer_parts), Entries...>{name, entries, longer_parts};
    }

    template<bool Key, class Value, class Class, class... Rules>
    constexpr auto with(Value Class::*member, Rules... rules) const {
        constexpr bool fresh = std::is_void_v<Owner>;
        constexpr bool derives = std::is_base_of_v<Owner, Class>;
        static_assert(fresh || derives || std::is_base_of_v<Class, Owner>,
                      "weir: this schema lists members of different structs");
        (Rules::template fit<unwrap_optional<Value>>(), ...);
        static_assert((detail::suits<Rules, unwrap_optional<Value>> && ...),
                      "weir: a rule of this member has a holds() that doesn't take the member's type and return a "
                      "bool, or isn't const");
        using entry = schema_entry<Value Class::*, Key, Rules...>;
        using most_derived = std::conditional_t<fresh || derives, Class, Owner>;
        using longer = struct_schema<Table, most_derived, Parts, Entries..., entry>;
        return longer{name, std::tuple_cat(entries, std::tuple<entry>(entry{member, {rules...}})), parts};
    }
};

} // namespace weir::reflect

namespace weir {

/// The rules of a described struct, keyed by member pointers; specialise it right after the struct. Inherited members
/// have the rules from the schemas of described bases; a rule here replaces a base's rule of the same name. A table's
/// name, key, indexes and checks aren't inherited.
///
///     template<>
///     inline constexpr auto weir::schema<todo> = weir::table("todos")
///         .key(&todo::id)
///         .field(&todo::text, weir::not_empty, weir::max_length(200));
template<class T>
inline constexpr auto schema = reflect::no_schema{};

/// Begins the schema of a struct that is a row of a table.
constexpr reflect::struct_schema<true, void, std::tuple<>> table(std::string_view name) { return {name, {}, {}}; }

/// Begins the schema of any other struct, such as a request body or a part of the configuration.
constexpr reflect::struct_schema<false, void, std::tuple<>> object() { return {}; }

} // namespace weir
