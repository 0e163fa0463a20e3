// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/json_writer.hpp>
#include <weir/reflect/json.hpp>
#include <weir/reflect/schema.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>

/// What the compiled part of the configuration needs to know about a setting: whether it is secret, which values its
/// rules accept, and its default.
namespace weir::config {

struct setting_note {
    bool secret = false;
    /// Such as `1..1000`; empty if no rule has a short description.
    std::string accepted{};
};

using find_note = setting_note (*)(std::string_view path);

namespace detail {

/// Removes and returns the next name of a path, skipping a list's `[3]`; empty at the path's end.
std::string_view take_name(std::string_view& path) noexcept;

template<class Bound>
void note_rule(const rules::range<Bound>& rule, std::string& accepted) {
    append_json(accepted, rule.low);
    append_json(accepted += "..", rule.high);
}

template<class Bound>
void note_rule(const rules::min<Bound>& rule, std::string& accepted) {
    append_json(accepted, rule.least);
    accepted += " or more";
}

template<class Bound>
void note_rule(const rules::max<Bound>& rule, std::string& accepted) {
    append_json(accepted, rule.most);
    accepted += " or less";
}

template<std::size_t Count>
void note_rule(const rules::one_of<Count>& rule, std::string& accepted) {
    for (const auto choice : rule.choices) accepted.append(accepted.empty() ? "" : ", ").append(choice);
}

template<class Rule>
void note_rule(const Rule&, std::string&) {}

template<class M>
void note_in(std::string_view path, setting_note& note);

template<class Field>
void note_field(std::string_view rest, setting_note& note) {
    if constexpr (Field::template has<rules::secret>()) note.secret = true;
    if (rest.empty()) std::apply([&](const auto&... rule) { (note_rule(rule, note.accepted), ...); }, Field::rules);
    note_in<typename Field::value_type>(rest, note);
}

// An unresolvable path, such as through a map's key with a dot in it, is treated as secret.
template<class M>
void note_in(std::string_view path, setting_note& note) {
    if (path.empty()) return;
    if constexpr (reflect::described<M>) {
        const auto name = take_name(path);
        bool known = false;
        reflect::for_each_field<M>([&](auto field) {
            if (field.name != name) return;
            known = true;
            note_field<decltype(field)>(path, note);
        });
        if (!known) note.secret = true;
    } else if constexpr (requires { typename M::mapped_type; }) {
        take_name(path); // the key
        note_in<typename M::mapped_type>(path, note);
    } else if constexpr (reflect::detail::is_optional<M> || (rules::many<M> && !rules::text<M>)) {
        note_in<typename M::value_type>(path, note);
    } else if (!path.starts_with('[')) {
        note.secret = true;
    }
}

template<class M>
void append_default(const M& value, std::string_view path, std::string& json) {
    if constexpr (reflect::detail::is_optional<M>) {
        if (value) append_default(*value, path, json);
    } else if constexpr (reflect::described<M>) {
        const auto name = take_name(path);
        reflect::for_each_field<M>([&](auto field) {
            if (field.name == name) append_default(decltype(field)::of(value), path, json);
        });
    } else {
        to_log_json(value, json);
    }
}

} // namespace detail

using find_default = std::string (*)(const void* settings, std::string_view path);

/// The value of the setting with this path as JSON; empty inside an empty optional.
template<class Settings>
std::string default_of(const void* settings, std::string_view path) {
    std::string json;
    detail::append_default(*static_cast<const Settings*>(settings), path, json);
    return json;
}

/// The note on the setting with this path, such as `servers[3].port`.
template<class Settings>
setting_note note_of(std::string_view path) {
    setting_note note;
    detail::note_in<Settings>(path, note);
    return note;
}

} // namespace weir::config
