// SPDX-License-Identifier: MIT
#include "orm/soci/driver.hpp"

#include <algorithm>
#include <array>

// Null if the component isn't linked.
#pragma weak weir_orm_postgresql
#pragma weak weir_orm_mysql

namespace weir::orm {

namespace {

struct known_driver {
    std::string_view scheme;
    std::string_view component;
    const driver* linked;
};

std::array<known_driver, 4> known_drivers() {
    return {{{"postgresql", "orm_postgresql", &weir_orm_postgresql},
             {"postgres", "orm_postgresql", &weir_orm_postgresql},
             {"mysql", "orm_mysql", &weir_orm_mysql},
             {"mariadb", "orm_mysql", &weir_orm_mysql}}};
}

} // namespace

bool is_server_url(std::string_view text) { return text.find("://") != std::string_view::npos; }

result<driver> driver_of(std::string_view url) {
    const std::string_view scheme = url.substr(0, url.find("://"));
    const auto known = known_drivers();
    const auto* const found = std::ranges::find(known, scheme, &known_driver::scheme);
    if (found == known.end())
        return error(errc::invalid_argument, "unsupported database URL scheme \"" + std::string(scheme) + "\"");
    if (!found->linked)
        return error(
            errc::invalid_argument,
            "no driver for " + std::string(scheme) + ":// is linked: link weir::" + std::string(found->component));
    return *found->linked;
}

std::string without_secrets(std::string_view url) {
    const std::size_t scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos) return std::string(url);
    std::string_view rest = url.substr(scheme_end + 3);
    rest = rest.substr(0, rest.find('?'));
    const std::size_t user_end = rest.substr(0, rest.find('/')).rfind('@');
    if (user_end != std::string_view::npos) rest.remove_prefix(user_end + 1);
    return std::string(url.substr(0, scheme_end + 3)).append(rest);
}

} // namespace weir::orm
