// SPDX-License-Identifier: MIT
#pragma once

#include <weir/app/detail/config_notes.hpp>
#include <weir/core/result.hpp>
#include <weir/reflect/detail/json_type.hpp>
#include <weir/reflect/duration_format.hpp>
#include <weir/reflect/json.hpp>
#include <weir/reflect/validate.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// What main() was given: `.args = {argc, argv}`.
struct config_args {
    int count = 0;
    const char* const* values = nullptr;
};

/// Where settings come from. What is left empty is not looked at.
struct config_options {
    std::string file{};       ///< YAML; has to exist
    std::string profile{};    ///< `dev` also reads `<stem>-dev.yaml` beside the file; has to exist
    std::string env_prefix{}; ///< `MINIAPP_`: db.pool_size is MINIAPP_DB_POOL_SIZE; a list is `a, b`
    config_args args{};       ///< `--db.pool_size=5` or `--db.pool_size 5`
    /// Variables as `NAME=value` in place of the process's, for tests.
    std::optional<std::vector<std::string>> environment{};
    /// Takes a line for each variable with the prefix that is ignored; without it they are printed on stderr.
    std::function<void(std::string_view)> warn{};
};

namespace config {

/// A described struct without its type: what the compiled reader works on.
struct target {
    void* object;
    const reflect::detail::json_type& type;
    find_note note_of;
    find_default default_of;
    result<void> (*validate)(const void* object);
};

result<void> load(const target& into, const config_options& options);
std::string help(const target& of, const config_options& options);

template<reflect::described Settings>
target target_of(Settings& settings) {
    return {&settings, reflect::detail::json_type_of<Settings>, &note_of<Settings>, &default_of<Settings>,
            [](const void* object) { return weir::validate(*static_cast<const Settings*>(object)); }};
}

} // namespace config

/// Fills a described struct in layers, each over the ones before: member initialisers and `defaults`,
/// the file, the profile's file, environment variables, flags. Sections merge, lists and maps are
/// replaced. In files `${VAR}` and `${VAR:-default}` are expanded (`$${` is a plain `${`). `--config` and
/// `--profile`, PREFIX_CONFIG and PREFIX_PROFILE choose the files. The variables that Kubernetes sets for services
/// (PREFIX_SERVICE_HOST, PREFIX_PORT=tcp://...) are ignored with a warning. The result satisfies the schema's rules.
/// errc::invalid_argument lists every mistake as a detail, one line each, secrets as ***:
/// `miniapp-dev.yaml:7: db.pool_size = 0: accepted 1..1000`. For start-up; not for two threads at once.
template<reflect::described Settings>
result<Settings> load_config(const config_options& options) {
    // On the heap, since g++ 12 warns of members it takes for uninitialised in a large local.
    const auto settings = std::make_unique<Settings>();
    if (auto loaded = config::load(config::target_of(*settings), options); !loaded) return loaded.error();
    return std::move(*settings);
}

/// The settings with their flags, variables, accepted values and defaults, a table for people to read. `load_config`
/// gives the same for `--help` and `-h` as an error with the code `help`, which `fail` prints on stdout.
template<reflect::described Settings>
std::string config_help(const config_options& options) {
    const auto settings = std::make_unique<Settings>();
    return config::help(config::target_of(*settings), options);
}

/// The profile that `load_config` reads with these options: the flag's, the variable's, or the options' own.
/// No file, variable or flag for a setting changes it, so it is what to ask where a profile means more than values.
std::string config_profile(const config_options& options);

/// The settings as one line of JSON for the log at start, those marked `secret` as ***.
template<reflect::described Settings>
std::string dump(const Settings& settings) {
    return to_log_json(settings);
}

/// Prints what stopped the start on stderr, a configuration's mistakes one per line, and returns the
/// exit status 2; the help that was asked for goes to stdout, with 0: `if (!cfg) return weir::fail(cfg.error());`
int fail(const error& failure);

} // namespace weir
