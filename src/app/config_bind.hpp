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

/// The type itself, without the optional around it.
inline const reflect::detail::json_type& unwrapped(const reflect::detail::json_type& type) noexcept {
    return type.kind == reflect::detail::json_kind::optional ? *type.element : type;
}

/// A setting that is no section.
struct leaf {
    std::string path{};
    const reflect::detail::json_type* type = nullptr;
};

/// Whether one piece of text can give it, so that a variable or a flag can.
bool fits_one_text(const reflect::detail::json_type& type) noexcept;

/// All settings, in the order of the description. What is inside lists and maps isn't among them.
std::vector<leaf> settings_of(const reflect::detail::json_type& root);

/// Those of them that fit one text.
std::vector<leaf> leaves_of(const reflect::detail::json_type& root);

/// Lays trees of text over a typed object, one layer after the other, and remembers where each setting
/// came from. Collects mistakes; never stops at one.
class binder {
public:
    binder(const target& into, find_variable variables) : into_(into), variables_(std::move(variables)) {}

    /// The defaults(...) of the schema, over the member initialisers.
    void set_defaults();
    void lay(const node& tree) { bind(tree, into_.type, into_.object, {}); }
    /// The schema's rules on what came out, each broken one with the place that set the value.
    void check_rules();

    std::vector<mistake>& mistakes() noexcept { return mistakes_; }

private:
    using json_type = reflect::detail::json_type;

    void bind(const node& from, const json_type& type, void* to, const std::string& path);
    /// An element that was just made: the schema's defaults come first.
    void bind_new(const node& from, const json_type& type, void* to, const std::string& path);
    void start_again(const node& from, const json_type& type, void* to, const std::string& path);
    void forget_below(const std::string& path);
    void bind_section(const node& from, const json_type& type, void* to, const std::string& path);
    void bind_map(const node& from, const json_type& type, void* to, const std::string& path);
    void bind_list(const node& from, const json_type& type, void* to, const std::string& path);
    void bind_optional(const node& from, const json_type& type, void* to, const std::string& path);
    void bind_scalar(const node& from, const json_type& type, void* to, const std::string& path);
    void refuse_unknown(const node& value, const json_type& type, const std::string& path, const std::string& name);
    std::string meant_by(const std::string& unknown, std::string_view name, const json_type& type,
                         const std::string& path) const;
    void refuse_value(const node& from, const std::string& text, const std::string& path, std::string why);

    // Where a value is from, and its text; lists and maps have none.
    struct source {
        origin at{};
        std::optional<std::string> text{};
    };

    const target& into_;
    find_variable variables_;
    std::vector<mistake> mistakes_;
    std::set<std::string> wrong_; // paths with a mistake already
    std::map<std::string, source> sources_;
    std::set<std::string> engaged_; // optionals that a layer gave a value
};

} // namespace weir::config
