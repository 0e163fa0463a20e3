// SPDX-License-Identifier: MIT
#include <weir/app/config.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace {

struct settings {
    std::uint16_t port = 8080;
};
BOOST_DESCRIBE_STRUCT(settings, (), (port))

} // namespace

void use_app();

void use_app() {
    const char* const arguments[] = {"consumer", "--port=9000"};
    const auto loaded = weir::load_config<settings>({.args = {2, arguments}});
    if (!loaded || loaded->port != 9000) throw std::runtime_error("app: the flag didn't reach the setting");
}
