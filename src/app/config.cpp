// SPDX-License-Identifier: MIT
#include "app/config_bind.hpp"
#include "app/config_help.hpp"
#include "app/config_sources.hpp"
#include "app/config_yaml.hpp"
#include <weir/app/config.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace weir {

namespace config {

namespace {

constexpr std::string_view code = "invalid_config";
constexpr std::string_view help_code = "help";

struct close_file {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

// Reads one byte more than a file may have, so that the parser detects a file that is too large.
std::optional<std::string> contents(const std::string& path) {
    const std::unique_ptr<std::FILE, close_file> file(std::fopen(path.c_str(), "rb"));
    if (!file) return {};
    std::string text(largest_file + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get())) return {};
    return text;
}

node read_file(const std::string& path, int layer, std::vector<mistake>& mistakes) {
    if (const auto text = contents(path)) return read_yaml(*text, path, layer, mistakes);
    const auto why = std::generic_category().message(errno);
    mistakes.push_back({{layer, 0, path}, {}, "file", "cannot be read: " + why});
    return node{node::kind::section};
}

bool is_plain_name(std::string_view name) noexcept {
    return std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isalnum(c) || c == '-' || c == '_';
    });
}

// Returns `miniapp-dev.yaml` for `miniapp.yaml`.
std::string profile_file(const std::string& file, const std::string& profile) {
    const auto name = file.find_last_of('/') + 1;
    const auto dot = file.find_last_of('.');
    const auto stem = dot == file.npos || dot <= name ? file.size() : dot;
    return file.substr(0, stem) + "-" + profile + file.substr(stem);
}

void lay_files(binder& layers, const std::string& file, const std::string& profile, std::vector<mistake>& mistakes) {
    if (!file.empty()) layers.lay(read_file(file, 0, mistakes));
    if (profile.empty()) return;
    const std::string where = "profile " + profile;
    if (file.empty())
        mistakes.push_back({{1, 0, where}, {}, "file", "a profile needs a configuration file"});
    else if (!is_plain_name(profile))
        mistakes.push_back({{1, 0, where}, {}, "file", "a profile's name consists of letters, digits, - and _"});
    else
        layers.lay(read_file(profile_file(file, profile), 1, mistakes));
}

error report(std::vector<mistake> mistakes, const std::string& file) {
    std::stable_sort(mistakes.begin(), mistakes.end(), [](const mistake& a, const mistake& b) {
        return std::pair(a.at.layer, a.at.line) < std::pair(b.at.layer, b.at.line);
    });
    std::vector<error_detail> lines;
    for (auto& one : mistakes) {
        const std::string& where = one.at.where.empty() ? file : one.at.where;
        lines.push_back({one.path, one.rule, where.empty() ? one.message : where + ": " + one.message});
    }
    const std::string count = lines.size() == 1 ? "a mistake" : std::to_string(lines.size()) + " mistakes";
    return error(errc::invalid_argument, "the configuration has " + count)
        .with_code(std::string(code))
        .with_details(std::move(lines));
}

// The error that ends the start for `--help`, with the text to print.
error asked_for_help(const target& of, const config_options& options) {
    std::vector<error_detail> lines;
    for (auto& line : help_lines(of, options)) lines.push_back({{}, {}, std::move(line)});
    return error(errc::invalid_argument, "--help was given")
        .with_code(std::string(help_code))
        .with_details(std::move(lines));
}

void pass_on(const std::vector<std::string>& warnings, const config_options& options) {
    for (const auto& line : warnings)
        if (options.warn)
            options.warn(line);
        else
            std::fprintf(stderr, "%s\n", line.c_str());
}

} // namespace

result<void> load(const target& into, const config_options& options) {
    std::vector<mistake> mistakes;
    const auto environment = environment_of(options);
    const auto leaves = leaves_of(into.type);
    const overrides given = read_overrides(options, leaves, environment, mistakes);
    binder layers(into, [&](std::string_view name) -> std::optional<std::string> {
        const auto found = environment.find(name);
        return found == environment.end() ? std::nullopt : std::optional(found->second);
    });
    const std::string& file = given.file.empty() ? options.file : given.file;
    layers.set_defaults();
    if (given.help) return asked_for_help(into, options);
    pass_on(given.warnings, options);
    lay_files(layers, file, given.profile.empty() ? options.profile : given.profile, mistakes);
    layers.lay(tree_of(given.variables, leaves));
    layers.lay(tree_of(given.flags, leaves));
    layers.check_rules();
    mistakes.insert(mistakes.end(), layers.mistakes().begin(), layers.mistakes().end());
    if (mistakes.empty()) return {};
    return report(std::move(mistakes), file);
}

std::string help(const target& of, const config_options& options) {
    std::string text;
    binder(of, {}).set_defaults();
    for (const auto& line : help_lines(of, options)) text.append(line).append("\n");
    return text;
}

} // namespace config

std::string config_profile(const config_options& options) {
    std::vector<config::mistake> ignored; // load_config reports these
    auto given = config::read_overrides(options, {}, config::environment_of(options), ignored);
    if (given.profile.empty()) return options.profile;
    return std::move(given.profile);
}

int fail(const error& failure) {
    const bool is_help = failure.code() == config::help_code;
    if (!is_help && failure.code() != config::code) {
        std::fprintf(stderr, "%s\n", failure.describe().c_str());
        return 2;
    }
    for (const auto& line : failure.details()) std::fprintf(is_help ? stdout : stderr, "%s\n", line.message.c_str());
    return is_help ? 0 : 2;
}

} // namespace weir
