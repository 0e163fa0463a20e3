// SPDX-License-Identifier: MIT
#include "app/config_bind.hpp"

#include "app/config_suggest.hpp"
#include "reflect/scalar_text.hpp"
#include <weir/reflect/detail/path.hpp>

#include <algorithm>
#include <limits>

namespace weir::config {

using reflect::detail::accepted;
using reflect::detail::append_path;
using reflect::detail::is_scalar;
using reflect::detail::json_kind;
using reflect::detail::json_member;
using reflect::detail::json_type;
using reflect::detail::read_scalar;

namespace {

constexpr std::size_t suggestions = 100; // a file for another program would produce too many
constexpr int after_all_layers = std::numeric_limits<int>::max();

template<class Step>
std::string joined(std::string path, const Step& step) {
    append_path(path, step);
    return path;
}

// The value, truncated.
std::string shown(std::string_view text, bool secret) {
    constexpr std::size_t longest = 100;
    if (secret) return "***";
    if (text.empty()) return "\"\"";
    return text.size() > longest ? std::string(text.substr(0, longest)) + "..." : std::string(text);
}

std::string shown(const node& from, const std::string& text, bool secret) {
    switch (from.is) {
    case node::kind::list:
        return "a list";
    case node::kind::section:
        return "a section";
    case node::kind::null:
        return "nothing";
    default:
        return shown(text, secret);
    }
}

const json_member* find_member(const json_type& type, std::string_view name) noexcept {
    const auto found =
        std::find_if(type.members.begin(), type.members.end(), [&](const auto& m) { return m.name == name; });
    return found == type.members.end() ? nullptr : &*found;
}

void collect(const json_type& section, const std::string& path, std::vector<leaf>& into) {
    for (const auto& member : section.members) {
        const json_type& type = unwrapped(*member.type);
        const std::string at = joined(path, member.name);
        if (type.kind == json_kind::object)
            collect(type, at, into);
        else
            into.push_back({at, member.type});
    }
}

// Returns the path whose last name is `name`.
std::string_view find_by_last_name(std::string_view name, std::span<const std::string> paths) {
    for (const std::string_view path : paths)
        if (path.ends_with(name) && path.size() > name.size() && path[path.size() - name.size() - 1] == '.')
            return path;
    return {};
}

void set_member_defaults(const json_type& section, void* object) {
    for (const auto& member : section.members) {
        if (member.type->kind == json_kind::object) set_member_defaults(*member.type, member.in(object));
        if (member.set_default) member.set_default(object);
    }
}

} // namespace

std::string_view detail::take_name(std::string_view& path) noexcept {
    while (path.starts_with('[')) path.remove_prefix(std::min(path.find(']'), path.size() - 1) + 1);
    if (path.starts_with('.')) path.remove_prefix(1);
    const auto name = path.substr(0, path.find_first_of(".["));
    path.remove_prefix(name.size());
    return name;
}

bool fits_one_text(const json_type& type) noexcept {
    const json_type& plain = unwrapped(type);
    return is_scalar(plain) || (plain.kind == json_kind::list && is_scalar(*plain.element));
}

std::vector<leaf> settings_of(const json_type& root) {
    std::vector<leaf> all;
    collect(root, {}, all);
    return all;
}

std::vector<leaf> leaves_of(const json_type& root) {
    auto all = settings_of(root);
    std::erase_if(all, [](const leaf& one) { return !fits_one_text(*one.type); });
    return all;
}

void binder::set_defaults() { set_member_defaults(into_.type, into_.object); }

void binder::bind(const node& from, const json_type& type, void* to, const std::string& path) {
    switch (type.kind) {
    case json_kind::object:
        return bind_section(from, type, to, path);
    case json_kind::map:
        return bind_map(from, type, to, path);
    case json_kind::list:
        return bind_list(from, type, to, path);
    case json_kind::optional:
        return bind_optional(from, type, to, path);
    default:
        return bind_scalar(from, type, to, path);
    }
}

void binder::bind_section(const node& from, const json_type& type, void* to, const std::string& path) {
    // A section whose lines are all commented out.
    if (from.is == node::kind::null) return;
    if (from.is != node::kind::section) return refuse_value(from, from.text, path, accepted(type));
    for (const auto& [name, value] : from.entries) {
        const auto* member = find_member(type, name);
        if (member == nullptr)
            refuse_unknown(value, type, path, name);
        else
            bind(value, *member->type, member->in(to), joined(path, member->name));
    }
}

void binder::bind_map(const node& from, const json_type& type, void* to, const std::string& path) {
    if (from.is != node::kind::section) return refuse_value(from, from.text, path, accepted(type));
    clear_value(from, type, to, path);
    for (const auto& [name, value] : from.entries) {
        const std::string at = joined(path, std::string_view(name));
        if (void* const place = type.insert(to, name))
            bind_new(value, *type.element, place, at);
        else
            refuse_value(value, value.text, at, "fewer names with the same hash");
    }
}

void binder::bind_list(const node& from, const json_type& type, void* to, const std::string& path) {
    if (from.is != node::kind::list) return refuse_value(from, from.text, path, accepted(type));
    clear_value(from, type, to, path);
    for (std::size_t i = 0; i < from.items.size(); ++i)
        bind_new(from.items[i], *type.element, type.add(to), joined(path, i));
}

// Clears the value of a lower layer and its recorded source.
void binder::clear_value(const node& from, const json_type& type, void* to, const std::string& path) {
    type.clear(to);
    forget_below(path);
    sources_[path] = {from.at, std::nullopt};
}

void binder::forget_below(const std::string& path) {
    const auto below = [&](const std::string& other) {
        return other.starts_with(path) && other.size() > path.size() &&
               (other[path.size()] == '.' || other[path.size()] == '[');
    };
    std::erase_if(sources_, [&](const auto& source) { return below(source.first); });
    std::erase_if(engaged_, below);
}

void binder::bind_new(const node& from, const json_type& type, void* to, const std::string& path) {
    if (type.kind == json_kind::object) set_member_defaults(type, to);
    bind(from, type, to, path);
}

void binder::bind_optional(const node& from, const json_type& type, void* to, const std::string& path) {
    if (from.is == node::kind::null) {
        type.clear(to);
        forget_below(path);
        engaged_.erase(path);
    } else if (engaged_.insert(path).second) {
        bind_new(from, *type.element, type.add(to), path);
    } else {
        bind(from, *type.element, type.add(to), path);
    }
}

void binder::bind_scalar(const node& from, const json_type& type, void* to, const std::string& path) {
    if (from.is == node::kind::null && type.kind == json_kind::string)
        return refuse_value(from, {}, path, "a string; \"\" for an empty one");
    if (from.is != node::kind::scalar) return refuse_value(from, {}, path, accepted(type));
    const bool in_a_file = from.at.line != 0;
    const expansion value = in_a_file ? expand(from.text, variables_) : expansion{from.text, {}};
    const setting_note note = into_.note_of(path);
    if (!value.problem.empty()) {
        wrong_.insert(path);
        mistakes_.push_back(
            {from.at, path, "variable", path + " = " + shown(from.text, note.secret) + ": " + value.problem});
        return;
    }
    sources_[path] = {from.at, value.text};
    if (!read_scalar(value.text, type, to))
        refuse_value(from, value.text, path, note.accepted.empty() ? accepted(type) : note.accepted);
}

void binder::refuse_unknown(const node& value, const json_type& type, const std::string& path,
                            const std::string& name) {
    const std::string unknown = joined(path, std::string_view(name));
    std::string message = unknown + ": no such setting";
    const std::string meant =
        mistakes_.size() < suggestions ? suggestion_for(unknown, name, type, path) : std::string();
    if (!meant.empty()) message.append(", did you mean ").append(meant).append("?");
    mistakes_.push_back({value.at, unknown, "unknown", std::move(message)});
}

// Suggests a similar name in the same section, or the same name in another one.
std::string binder::suggestion_for(const std::string& unknown, std::string_view name, const json_type& type,
                                   const std::string& path) const {
    std::vector<std::string> here;
    for (const auto& member : type.members) here.push_back(joined(path, member.name));
    if (const auto near = nearest(unknown, here); !near.empty()) return std::string(near);
    std::vector<std::string> everywhere;
    for (auto& one : leaves_of(into_.type)) everywhere.push_back(std::move(one.path));
    return std::string(find_by_last_name(name, everywhere));
}

void binder::refuse_value(const node& from, const std::string& text, const std::string& path, std::string why) {
    wrong_.insert(path);
    std::string message = path + " = " + shown(from, text, into_.note_of(path).secret) + ": accepted " + std::move(why);
    mistakes_.push_back({from.at, path, "type", std::move(message)});
}

void binder::check_rules() {
    const auto checked = into_.validate(into_.object);
    if (checked) return;
    for (const auto& broken : checked.error().details()) {
        if (wrong_.contains(broken.field)) continue;
        const setting_note note = into_.note_of(broken.field);
        const std::string why = note.accepted.empty() ? broken.message : "accepted " + note.accepted;
        const auto source = sources_.find(broken.field);
        if (source == sources_.end()) {
            const origin nowhere{after_all_layers, 0, {}};
            mistakes_.push_back({nowhere, broken.field, broken.rule, broken.field + " is not set: " + why});
            continue;
        }
        const auto& [at, text] = source->second;
        const std::string value = text ? " = " + shown(*text, note.secret) : std::string();
        std::string message = broken.field;
        message.append(value).append(": ").append(why);
        mistakes_.push_back({at, broken.field, broken.rule, std::move(message)});
    }
}

} // namespace weir::config
