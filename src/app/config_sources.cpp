// SPDX-License-Identifier: MIT
#include "app/config_sources.hpp"

#include "app/config_links.hpp"
#include "app/config_suggest.hpp"
#include "reflect/scalar_text.hpp"

#include <algorithm>
#include <unistd.h>

namespace weir::config {

using reflect::detail::json_kind;
using reflect::detail::json_type;

namespace {

constexpr int variables_layer = 2;
constexpr int flags_layer = 3;

const leaf* find_leaf(const std::vector<leaf>& leaves, std::string_view path) noexcept {
    const auto found = std::find_if(leaves.begin(), leaves.end(), [&](const auto& one) { return one.path == path; });
    return found == leaves.end() ? nullptr : &*found;
}

mistake unknown(const std::string& name, int layer, const std::vector<std::string>& candidates) {
    std::string message = "no such setting";
    if (const auto meant = nearest(name, candidates); !meant.empty())
        message.append(", did you mean ").append(meant).append("?");
    return {{layer, 0, name}, name, "unknown", std::move(message)};
}

// Maps variables to settings. A variable that two settings would share is a mistake.
std::map<std::string, const leaf*> variables_of(const std::string& prefix, const std::vector<leaf>& leaves,
                                                std::vector<mistake>& mistakes) {
    std::map<std::string, const leaf*> settings;
    for (const auto& leaf : leaves) {
        const auto name = variable_name(prefix, leaf.path);
        const auto [first, fresh] = settings.emplace(name, &leaf);
        if (!fresh)
            mistakes.push_back(
                {{variables_layer, 0, name},
                 leaf.path,
                 "ambiguous",
                 first->second->path + " and " + leaf.path + " share this variable; rename one"});
    }
    return settings;
}

// Why a variable set for a service next to the program is ignored; empty for any other variable.
std::string why_ignored(const leaf* setting, const std::string& name, const std::string& text) {
    static constexpr std::string_view origin = "set by Kubernetes (enableServiceLinks) or Docker for a service";
    if (setting == nullptr)
        return is_service_link(name, text) ? name + ": ignored, " + std::string(origin) : std::string();
    const auto kind = unwrapped(*setting->type).kind;
    const bool is_whole = kind == json_kind::signed_integer || kind == json_kind::unsigned_integer;
    if (!is_whole || !name.ends_with("_PORT") || !is_service_url(text)) return {};
    return name + ": ignored, a service's address isn't a value for " + setting->path + ", " + std::string(origin);
}

// Reads the variables with the prefix.
void read_variables(const std::string& prefix, const std::vector<leaf>& leaves,
                    const std::map<std::string, std::string, std::less<>>& environment, overrides& into,
                    std::vector<mistake>& mistakes) {
    const auto settings = variables_of(prefix, leaves, mistakes);
    std::vector<std::string> names;
    names.reserve(settings.size());
    for (const auto& setting : settings) names.push_back(setting.first);
    for (auto at = environment.lower_bound(prefix); at != environment.end() && at->first.starts_with(prefix); ++at) {
        const auto& [name, text] = *at;
        const auto found = settings.find(name);
        const leaf* const setting = found == settings.end() ? nullptr : found->second;
        if (name == prefix + "CONFIG")
            into.file = text;
        else if (name == prefix + "PROFILE")
            into.profile = text;
        else if (auto why = why_ignored(setting, name, text); !why.empty())
            into.warnings.push_back(std::move(why));
        else if (setting != nullptr)
            into.variables.push_back({setting->path, text, {variables_layer, 0, name}});
        else
            mistakes.push_back(unknown(name, variables_layer, names));
    }
}

// Reads the flags; a value follows `=` or is the next argument.
class flag_reader {
public:
    flag_reader(const config_args& args, const std::vector<leaf>& leaves, std::vector<mistake>& mistakes)
        : args_(args), leaves_(leaves), mistakes_(mistakes) {
        for (const auto& leaf : leaves) names_.push_back("--" + leaf.path);
        names_.insert(names_.end(), {"--config", "--profile"});
    }

    void read(overrides& into) {
        for (at_ = 1; at_ < args_.count; ++at_) {
            const std::string_view argument = args_.values[at_];
            if (asks_for_help(argument))
                into.help = true;
            else if (!argument.starts_with("--") || argument == "--")
                // Not repeated in the message: it may be a secret whose flag was mistyped.
                refuse("argument " + std::to_string(at_), "argument", "expected --name=value");
            else
                read_one(argument, into);
        }
    }

private:
    bool asks_for_help(std::string_view argument) const {
        return argument == "-h" || (argument == "--help" && find_leaf(leaves_, "help") == nullptr);
    }

    void read_one(std::string_view argument, overrides& into) {
        const auto equals = argument.find('=');
        const std::string flag(argument.substr(0, equals));
        const std::string path = flag.substr(2);
        const leaf* setting = find_leaf(leaves_, path);
        const bool chooses_file = path == "config" || path == "profile";
        if (setting == nullptr && !chooses_file) {
            mistakes_.push_back(unknown(flag, flags_layer, names_));
            if (equals == argument.npos && next_is_value()) ++at_;
            return;
        }
        const bool is_switch = setting != nullptr && unwrapped(*setting->type).kind == json_kind::boolean;
        std::optional<std::string> text =
            equals != argument.npos ? std::string(argument.substr(equals + 1))
            : is_switch             ? take_switch()
                                    : take_next();
        if (!text) return refuse(flag, "value", "needs a value");
        if (path == "config")
            into.file = *text;
        else if (path == "profile")
            into.profile = *text;
        else
            into.flags.push_back({path, *text, {flags_layer, 0, flag}});
    }

    bool next_is_value() const {
        return at_ + 1 < args_.count && !std::string_view(args_.values[at_ + 1]).starts_with("--");
    }

    std::optional<std::string> take_next() {
        if (!next_is_value()) return {};
        return args_.values[++at_];
    }

    // `--debug` without a value means true.
    std::optional<std::string> take_switch() {
        const std::string_view next = next_is_value() ? args_.values[at_ + 1] : "";
        return next == "true" || next == "false" ? take_next() : "true";
    }

    void refuse(std::string where, std::string rule, std::string why) {
        mistakes_.push_back({{flags_layer, 0, std::move(where)}, {}, std::move(rule), std::move(why)});
    }

    const config_args& args_;
    const std::vector<leaf>& leaves_;
    std::vector<mistake>& mistakes_;
    std::vector<std::string> names_;
    int at_ = 1;
};

node& entry(node& section, std::string_view name) {
    for (auto& [known, value] : section.entries)
        if (known == name) return value;
    return section.entries.emplace_back(name, node{}).second;
}

node scalar(std::string_view text, const origin& at) { return {node::kind::scalar, std::string(text), {}, {}, at}; }

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t\r\n";
    const auto from = std::min(text.find_first_not_of(blanks), text.size());
    text.remove_prefix(from);
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

node split_list(std::string_view text, const origin& at) {
    node list{node::kind::list, {}, {}, {}, at};
    for (text = trim(text); !text.empty();) {
        const auto comma = text.find(',');
        list.items.push_back(scalar(trim(text.substr(0, comma)), at));
        text = comma == text.npos ? std::string_view() : text.substr(comma + 1);
    }
    return list;
}

void put(node& root, const assignment& one, bool is_list) {
    node* at = &root;
    for (std::string_view path = one.path; !path.empty();) {
        *at = at->is == node::kind::section ? std::move(*at) : node{node::kind::section, {}, {}, {}, one.at};
        const auto dot = path.find('.');
        at = &entry(*at, path.substr(0, dot));
        path = dot == path.npos ? std::string_view() : path.substr(dot + 1);
    }
    *at = is_list ? split_list(one.text, one.at) : scalar(one.text, one.at);
}

} // namespace

std::map<std::string, std::string, std::less<>> environment_of(const config_options& options) {
    std::map<std::string, std::string, std::less<>> found;
    const auto add = [&](std::string_view variable) {
        if (const auto equals = variable.find('='); equals != variable.npos)
            found.emplace(variable.substr(0, equals), variable.substr(equals + 1));
    };
    if (options.environment)
        for (const auto& variable : *options.environment) add(variable);
    else
        for (char** variable = ::environ; variable != nullptr && *variable != nullptr; ++variable) add(*variable);
    return found;
}

std::string variable_name(std::string_view prefix, std::string_view path) {
    std::string name(prefix);
    for (const char c : path) name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return name;
}

overrides read_overrides(const config_options& options, const std::vector<leaf>& leaves,
                         const std::map<std::string, std::string, std::less<>>& environment,
                         std::vector<mistake>& mistakes) {
    overrides found;
    if (!options.env_prefix.empty()) read_variables(options.env_prefix, leaves, environment, found, mistakes);
    flag_reader(options.args, leaves, mistakes).read(found);
    return found;
}

node tree_of(const std::vector<assignment>& assignments, const std::vector<leaf>& leaves) {
    node root{node::kind::section};
    for (const auto& one : assignments) {
        const leaf* setting = find_leaf(leaves, one.path);
        put(root, one, setting != nullptr && unwrapped(*setting->type).kind == json_kind::list);
    }
    return root;
}

} // namespace weir::config
