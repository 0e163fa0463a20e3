// SPDX-License-Identifier: MIT
#include "support/temporary_folder.hpp"
#include <weir/app/config.hpp>
#include <weir/observe/log.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

using namespace std::chrono_literals;

struct mail_settings {
    std::string host = "localhost";
    std::string password{};
    std::chrono::milliseconds timeout = 2s;
};
BOOST_DESCRIBE_STRUCT(mail_settings, (), (host, password, timeout))

struct service_settings {
    std::int64_t port = 8080;
    weir::log_level log_level = weir::log_level::info;
    std::vector<std::string> origins{};
    mail_settings mail{};
};
BOOST_DESCRIBE_STRUCT(service_settings, (), (port, log_level, origins, mail))

template<>
inline constexpr auto weir::schema<mail_settings> =
    weir::object()
        .field(&mail_settings::host, weir::not_empty)
        .field(&mail_settings::password, weir::min_length(8), weir::secret);

template<>
inline constexpr auto weir::schema<service_settings> =
    weir::object().field(&service_settings::port, weir::range(1, 65535));

weir::config_options sources(int argc, const char* const* argv) {
    weir::config_options options;
    options.file = "service.yaml";
    options.env_prefix = "SERVICE_";
    options.args = {argc, argv};
    return options;
}

int start(const weir::config_options& from) {
    const auto settings = weir::load_config<service_settings>(from);
    if (!settings) return weir::fail(settings.error()); // one line for each mistake, exit status 2
    const weir::logger log(weir::stderr_sink(), {.level = settings->log_level});
    log.info("configured", weir::field("settings", weir::dump(*settings))); // secrets as ***
    return 0;
}

namespace {

struct configured_start {
    test_support::temporary_folder folder;
    std::vector<const char*> flags{"service"};
    std::vector<std::string> variables{"MAIL_PASSWORD=correct horse"};

    weir::config_options options(std::string_view yaml) {
        auto made = sources(static_cast<int>(flags.size()), flags.data());
        made.file = folder.put("service.yaml", yaml);
        made.environment = variables;
        return made;
    }
};

constexpr std::string_view yaml = R"(log_level: warn
origins: [https://a.example]
mail:
  host: mail.example
  password: ${MAIL_PASSWORD}
  timeout: 1500ms
)";

} // namespace

TEST_CASE_FIXTURE(configured_start, "each layer of the guide's configuration overrides the ones before") {
    variables.emplace_back("SERVICE_ORIGINS=https://b.example, https://c.example");
    variables.emplace_back("SERVICE_PORT=9000");
    flags.insert(flags.end(), {"--port", "9001"});
    const auto settings = weir::load_config<service_settings>(options(yaml));
    REQUIRE(settings);
    CHECK(settings->port == 9001);
    CHECK(settings->log_level == weir::log_level::warn);
    CHECK(settings->origins == std::vector<std::string>{"https://b.example", "https://c.example"});
    CHECK(settings->mail.host == "mail.example");
    CHECK(settings->mail.password == "correct horse");
    CHECK(settings->mail.timeout == 1500ms);
    CHECK(weir::dump(*settings).find("correct horse") == std::string::npos);
}

TEST_CASE_FIXTURE(configured_start, "the guide's configuration names each mistake and where it was written") {
    variables.emplace_back("SERVICE_LOG_LEVEL=loud");
    flags.push_back("--mail.hots=x");
    const auto settings = weir::load_config<service_settings>(options("port: 0\nmail:\n  password: short\n"));
    REQUIRE(!settings);
    std::string lines;
    for (const auto& one : settings.error().details()) {
        const auto file = one.message.find("service.yaml");
        lines += (file == std::string::npos ? one.message : one.message.substr(file)) + "\n";
    }
    CHECK(lines == "service.yaml:1: port = 0: accepted 1..65535\n"
                   "service.yaml:3: mail.password = ***: must have at least 8 characters\n"
                   "SERVICE_LOG_LEVEL: log_level = loud: accepted trace, debug, info, warn, error, off\n"
                   "--mail.hots: no such setting, did you mean --mail.host?\n");
    CHECK(start(options("port: 0\n")) == 2);
}

TEST_CASE_FIXTURE(configured_start, "--help lists the settings and ends with 0") {
    flags.emplace_back("--help");
    CHECK(start(options(yaml)) == 0);
}
