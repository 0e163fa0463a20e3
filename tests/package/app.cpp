// SPDX-License-Identifier: MIT
#include <weir/app.hpp>
#include <weir/app/config.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace {

struct settings {
    std::uint16_t port = 8080;
};
BOOST_DESCRIBE_STRUCT(settings, (), (port))

void load_settings() {
    const char* const arguments[] = {"consumer", "--port=9000"};
    const auto loaded = weir::load_config<settings>({.args = {2, arguments}});
    if (!loaded || loaded->port != 9000) throw std::runtime_error("app: the flag didn't reach the setting");
}

void run_and_stop() {
    weir::app app;
    app.get("/", [] { return "hello, world\n"; });
    app.on_listening([&app](std::uint16_t) { app.stop(); });
    if (app.run({.address = "127.0.0.1", .port = 0, .loops = 1}) != 0)
        throw std::runtime_error("app: it did not stop cleanly");
}

} // namespace

void use_app();

void use_app() {
    load_settings();
    run_and_stop();
}
