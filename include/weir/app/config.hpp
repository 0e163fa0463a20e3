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

/// The arguments of main(): `.args = {argc, argv}`.
struct config_args {
    int count = 0;
    const char* const* values = nullptr;
};

/// The sources of the settings. An empty source is skipped.
struct config_options {
    std::string file{};       ///< a YAML file, which must exist
    std::string profile{};    ///< `dev` also reads `<stem>-dev.yaml` next to the file, which must exist
    std::string env_prefix{}; ///< with `MINIAPP_`, db.pool_size is MINIAPP_DB_POOL_SIZE; a list is `a, b`
    config_args args{};       ///< `--db.pool_size=5` or `--db.pool_size 5`
    /// Variables as `NAME=value` that replace the process's environment, for tests.
    std::optional<std::vector<std::string>> environment{};
    /// Called with a line for each ignored variable with the prefix; by default these lines go to stderr.
    std::function<void(std::string_view)> warn{};
};

namespace config {

/// A described struct with its type erased, for the compiled reader.
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

/// Fills a described struct from layers, each overriding the ones before: member initialisers and `defaults`, the file,
/// the profile's file, environment variables, flags. Sections merge; lists and maps are replaced. Files expand `${VAR}`
/// and `${VAR:-default}` (`$${` is a literal `${`). `--config` and `--profile`, or PREFIX_CONFIG and PREFIX_PROFILE,
/// choose the files. The variables that Kubernetes sets for services (PREFIX_PORT=tcp://...) are ignored with a
/// warning. Then validates the schema's rules. errc::invalid_argument has one detail per mistake, secrets shown as ***:
/// `miniapp-dev.yaml:7: db.pool_size = 0: accepted 1..1000`. For start-up; not thread-safe.
template<reflect::described Settings>
result<Settings> load_config(const config_options& options) {
    // On the heap, because g++ 12 warns about uninitialised members of a large local.
    const auto settings = std::make_unique<Settings>();
    if (auto loaded = config::load(config::target_of(*settings), options); !loaded) return loaded.error();
    return std::move(*settings);
}

/// A table of the settings with their flags, variables, accepted values and defaults. For `--help` and `-h`
/// `load_config` returns the same text as an error with the code `help`, which `fail` prints on stdout.
template<reflect::described Settings>
std::string config_help(const config_options& options) {
    const auto settings = std::make_unique<Settings>();
    return config::help(config::target_of(*settings), options);
}

/// The profile that `load_config` uses with these options: from the flag, the variable, or the options. Settings never
/// change it, so use it where a profile decides more than settings.
std::string config_profile(const config_options& options);

/// The settings as one line of JSON for the log, with `secret` members as ***.
template<reflect::described Settings>
std::string dump(const Settings& settings) {
    return to_log_json(settings);
}

/// Prints the error on stderr, a configuration's mistakes one per line, and returns the exit status 2. Help goes to
/// stdout, with status 0: `if (!cfg) return weir::fail(cfg.error());`
int fail(const error& failure);

} // namespace weir
