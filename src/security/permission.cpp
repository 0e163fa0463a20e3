// SPDX-License-Identifier: MIT
#include <weir/security/permission.hpp>

#include <set>

namespace weir {

role_table::role_table(std::initializer_list<role> roles) {
    for (const auto& one : roles) {
        auto& allowed = roles_[one.name];
        allowed.insert(allowed.end(), one.permissions.begin(), one.permissions.end());
    }
}

principal role_table::identify(std::string subject, const std::vector<std::string>& roles) const {
    std::set<std::string_view> allowed;
    for (const auto& name : roles)
        if (const auto found = roles_.find(name); found != roles_.end())
            allowed.insert(found->second.begin(), found->second.end());
    return {std::move(subject), {allowed.begin(), allowed.end()}};
}

} // namespace weir
