// SPDX-License-Identifier: MIT
#pragma once

#include "app/config_expand.hpp"
#include "app/config_node.hpp"
#include <weir/app/config.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

/// The type itself, or the one inside an optional.
inline const reflect::detail::json_type& unwrapped(const reflect::detail::json_type& type) noexcept {
    return type.kind == reflect::detail::json_kind::optional ? *type.element : type;
}

/// A setting that isn't a section.
struct leaf {
    std::string path{};
    const reflect::detail::json_type* type = nullptr;
};

/// Whether a single string can hold its value, so that a variable or a flag can set it.
bool fits_one_text(const reflect::detail::json_type& type) noexcept;

/// All settings, in the order of the description, excluding those inside lists and maps.
std::vector<leaf> settings_of(const reflect::detail::json_type& root);

/// The settings that a single string can hold.
std::vector<leaf> leaves_of(const reflect::detail::json_type& root);

/// Applies layers of untyped trees to a typed object and records where each setting came from. Collects all mistakes
/// instead of stopping at the first.
class binder {
public:
    binder(const target& into, find_variable variables) : into_(into), variables_(std::move(variables)) {}

    /// Sets the schema's defaults(...), over the member initialisers.
    void set_defaults();
    void lay(const node& tree) { bind(tree, into_.type, into_.object, {}); }
    /// Checks the schema's rules on the result; reports each broken one with the source of the value.
    void check_rules();

    std::vector<mistake>& mistakes() noexcept { return mistakes_; }

private:
    using json_type = reflect::detail::json_type;

    void bind(const node& from, const json_type& type, void* to, const std::string& path);
    /// Binds a newly created element: the schema's defaults come first.
    void bind_new(const node& from, const json_type& type, void* to, const std::string& path);
    void clear_value(const node& from, const json_type& type, void* to, const std::string& path);
    void forget_below(const std::string& path);
    void bind_section(const node& from, const json_type& type, void* to, const std::string& path);
    void bind_map(const node& from, const json_type& type, void* to, const std::string& path);
    void bind_list(const node& from, const json_type& type, void* to, const std::string& path);
    void bind_optional(const node& from, const json_type& type, void* to, const std::string& path);
    void bind_scalar(const node& from, const json_type& type, void* to, const std::string& path);
    void refuse_unknown(const node& value, const json_type& type, const std::string& path, const std::string& name);
    std::string suggestion_for(const std::string& unknown, std::string_view name, const json_type& type,
                               const std::string& path) const;
    void refuse_value(const node& from, const std::string& text, const std::string& path, std::string why);

    // The source of a value, and its text; lists and maps have none.
    struct source {
        origin at{};
        std::optional<std::string> text{};
    };

    const target& into_;
    find_variable variables_;
    std::vector<mistake> mistakes_;
    std::set<std::string> wrong_; // paths that already have a mistake
    std::map<std::string, source> sources_;
    std::set<std::string> engaged_; // optionals that a layer has set
};

} // namespace weir::config
