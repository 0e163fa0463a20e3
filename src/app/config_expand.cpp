// SPDX-License-Identifier: MIT
#include "app/config_expand.hpp"

namespace weir::config {

namespace {

bool is_name(std::string_view name) noexcept {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (name.empty() || !letter(name.front())) return false;
    for (const char c : name)
        if (!letter(c) && !(c >= '0' && c <= '9')) return false;
    return true;
}

// Expands the text between the braces.
expansion expand_one(std::string_view inside, const find_variable& find) {
    const auto split = inside.find(":-");
    const auto name = inside.substr(0, split);
    if (!is_name(name)) return {{}, "${...} needs the name of a variable, or NAME:-default"};
    const auto value = find(name);
    if (split == inside.npos) {
        if (!value) return {{}, "the variable " + std::string(name) + " is not set"};
        return {*value, {}};
    }
    const auto fallback = inside.substr(split + 2);
    if (fallback.find("${") != fallback.npos) return {{}, "a default can't contain another ${...}"};
    return {value && !value->empty() ? *value : std::string(fallback), {}};
}

} // namespace

expansion expand(std::string_view text, const find_variable& find) {
    expansion done;
    while (!text.empty()) {
        const auto start = text.find("${");
        const bool escaped = start != text.npos && start > 0 && text[start - 1] == '$';
        done.text += text.substr(0, escaped ? start - 1 : start);
        if (start == text.npos) break;
        text.remove_prefix(start + 2);
        if (escaped) {
            done.text += "${";
            continue;
        }
        const auto end = text.find('}');
        if (end == text.npos) return {{}, "${ without a closing }"};
        expansion one = expand_one(text.substr(0, end), find);
        if (!one.problem.empty()) return one;
        done.text += one.text;
        text.remove_prefix(end + 1);
    }
    return done;
}

} // namespace weir::config
