// SPDX-License-Identifier: MIT
#include "app/config_help.hpp"

#include "app/config_bind.hpp"
#include "app/config_sources.hpp"
#include "reflect/scalar_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace weir::config {

using reflect::detail::json_kind;
using reflect::detail::json_type;

namespace {

using row = std::array<std::string, 4>;

std::string accepted_by(const json_type& type, const setting_note& note) {
    std::string words = note.accepted.empty() ? reflect::detail::accepted(type) : note.accepted;
    const json_type& plain = unwrapped(type);
    if (plain.kind == json_kind::list && fits_one_text(plain))
        words = reflect::detail::accepted(*plain.element) + "; several: a, b";
    return note.secret ? words + " (secret)" : words;
}

// Removes quotation marks; returns an empty string for an empty value.
std::string plain_default(std::string json) {
    if (json == "[]" || json == "{}") return {};
    const bool is_text = json.size() > 2 && json.starts_with('"');
    return is_text ? json.substr(1, json.size() - 2) : json;
}

row row_of(const leaf& one, const target& of, const std::string& prefix) {
    const setting_note note = of.note_of(one.path);
    std::string accepted = accepted_by(*one.type, note);
    std::string value = note.secret ? std::string() : plain_default(of.default_of(of.object, one.path));
    if (!fits_one_text(*one.type)) return {one.path, "in the file only", std::move(accepted), std::move(value)};
    std::string variable = prefix.empty() ? std::string() : variable_name(prefix, one.path);
    return {"--" + one.path, std::move(variable), std::move(accepted), std::move(value)};
}

void append_table(const std::vector<row>& rows, std::vector<std::string>& lines) {
    std::array<std::size_t, 4> widths{};
    for (const auto& one : rows)
        for (std::size_t i = 0; i < one.size(); ++i) widths[i] = std::max(widths[i], one[i].size());
    for (const auto& one : rows) {
        std::string line = " ";
        for (std::size_t i = 0; i < one.size(); ++i)
            if (widths[i] != 0) line.append(" ").append(one[i]).append(widths[i] + 1 - one[i].size(), ' ');
        lines.push_back(line.substr(0, line.find_last_not_of(' ') + 1));
    }
}

row file_row(const char* flag, const char* variable, const config_options& options, const char* accepted,
             const std::string& chosen) {
    return {flag, options.env_prefix.empty() ? std::string() : options.env_prefix + variable, accepted, chosen};
}

} // namespace

std::vector<std::string> help_lines(const target& of, const config_options& options) {
    std::vector<row> rows{{"FLAG", options.env_prefix.empty() ? "" : "VARIABLE", "ACCEPTED", "DEFAULT"}};
    rows.push_back(file_row("--config", "CONFIG", options, "a YAML file", options.file));
    rows.push_back(file_row("--profile", "PROFILE", options, "NAME, for <file>-NAME.yaml as well", options.profile));
    for (const auto& one : settings_of(of.type)) rows.push_back(row_of(one, of, options.env_prefix));
    std::vector<std::string> lines;
    append_table(rows, lines);
    return lines;
}

} // namespace weir::config
