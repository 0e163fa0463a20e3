// SPDX-License-Identifier: MIT
#include "support/temporary_folder.hpp"
#include <weir/app/config.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <unistd.h>

using namespace std::chrono_literals;
using weir::errc;

namespace {

enum class log_level { debug, info, warn };
BOOST_DESCRIBE_ENUM(log_level, debug, info, warn)

struct db_settings {
    std::string path = "app.db";
    std::int64_t pool_size = 4;
    std::optional<std::string> password{};
    std::chrono::milliseconds timeout = 2s;
};
BOOST_DESCRIBE_STRUCT(db_settings, (), (path, pool_size, password, timeout))

struct peer {
    std::string host{};
    std::uint16_t port = 1;
    std::string token{};
};
BOOST_DESCRIBE_STRUCT(peer, (), (host, port, token))

struct settings {
    std::uint16_t port = 8080;
    bool debug{};
    double ratio = 0.5;
    log_level level = log_level::info;
    db_settings db{};
    std::optional<db_settings> replica{};
    std::vector<std::string> origins{};
    std::vector<peer> peers{};
    std::map<std::string, std::int64_t> limits{};
    std::string greeting = "hello";
};
BOOST_DESCRIBE_STRUCT(settings, (), (port, debug, ratio, level, db, replica, origins, peers, limits, greeting))

} // namespace

template<>
inline constexpr auto weir::schema<db_settings> =
    weir::object()
        .field(&db_settings::path, weir::not_empty)
        .field(&db_settings::pool_size, weir::range(1, 1000))
        .field(&db_settings::password, weir::secret);
template<>
inline constexpr auto weir::schema<peer> =
    weir::object()
        .field(&peer::host, weir::not_empty)
        .field(&peer::port, weir::defaults(80))
        .field(&peer::token, weir::secret, weir::min_length(4));
template<>
inline constexpr auto weir::schema<settings> =
    weir::object()
        .field(&settings::port, weir::min(1))
        .field(&settings::ratio, weir::max(1.0))
        .field(&settings::origins, weir::max_items(3))
        .field(&settings::greeting, weir::defaults("good day"));

namespace {

// A directory with the files of one test.
class files {
public:
    files() : previous_(std::filesystem::current_path()) { std::filesystem::current_path(folder_.path()); }
    ~files() { std::filesystem::current_path(previous_); }
    files(const files&) = delete;
    files& operator=(const files&) = delete;

    static void write(const std::string& name, std::string_view text) { std::ofstream(name) << text; }

private:
    std::filesystem::path previous_;
    test_support::temporary_folder folder_;
};

// The sources of one start; every test begins without any.
struct fixture {
    files folder;
    weir::config_options options{.environment = std::vector<std::string>{}};
    std::vector<const char*> flags{"app"};
    std::vector<std::string> warnings;

    void file(std::string_view text) {
        files::write("app.yaml", text);
        options.file = "app.yaml";
    }
    void profile(std::string_view text) {
        files::write("app-dev.yaml", text);
        options.profile = "dev";
    }
    void variable(std::string assignment) {
        options.env_prefix = "APP_";
        options.environment->push_back(std::move(assignment));
    }
    void flag(const char* argument) { flags.push_back(argument); }

    weir::result<settings> load() {
        options.args = {static_cast<int>(flags.size()), flags.data()};
        options.warn = [this](std::string_view line) { warnings.emplace_back(line); };
        return weir::load_config<settings>(options);
    }

    // The lines that a user would see.
    std::vector<std::string> mistakes(std::string_view code = "invalid_config") {
        const auto loaded = load();
        if (loaded) return {};
        CHECK(loaded.error() == errc::invalid_argument);
        CHECK(loaded.error().code() == code);
        std::vector<std::string> lines;
        for (const auto& detail : loaded.error().details()) lines.push_back(detail.message);
        return lines;
    }

    std::string mistake() {
        const auto lines = mistakes();
        REQUIRE(lines.size() == 1);
        return lines[0];
    }
};

using lines = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(fixture, "without any source the initialisers and the schema's defaults apply") {
    const auto loaded = load().value();
    CHECK(loaded.port == 8080);
    CHECK(loaded.db.pool_size == 4);
    CHECK(loaded.db.timeout == 2s);
    CHECK(loaded.greeting == "good day");
    CHECK_FALSE(loaded.replica.has_value());
}

TEST_CASE_FIXTURE(fixture, "a file sets values of every type") {
    file("port: 9000\ndebug: true\nratio: 0.25\nlevel: warn\n"
         "db:\n  path: /var/lib/app.db\n  pool_size: 16\n  password: hush\n  timeout: 1m30s\n"
         "replica:\n  pool_size: 2\norigins: [a, b]\n"
         "peers:\n  - host: one\n    token: 12345\n  - host: two\n    port: 81\n    token: \"00000\"\n"
         "limits:\n  login: 5\n  order: 10\n");
    const auto loaded = load().value();
    CHECK(loaded.port == 9000);
    CHECK(loaded.debug);
    CHECK(loaded.ratio == 0.25);
    CHECK(loaded.level == log_level::warn);
    CHECK(loaded.db.path == "/var/lib/app.db");
    CHECK(loaded.db.password == "hush");
    CHECK(loaded.db.timeout == 90s);
    CHECK(loaded.replica->pool_size == 2);
    CHECK(loaded.replica->path == "app.db");
    CHECK(loaded.origins == std::vector<std::string>{"a", "b"});
    CHECK(loaded.peers.at(0).token == "12345");
    CHECK(loaded.peers.at(0).port == 80);
    CHECK(loaded.peers.at(1).port == 81);
    CHECK(loaded.limits == std::map<std::string, std::int64_t>{{"login", 5}, {"order", 10}});
}

TEST_CASE_FIXTURE(fixture, "each layer overrides the ones below it") {
    // From the initialiser to the flag; each step adds the next layer.
    CHECK(load()->db.pool_size == 4);
    file("db:\n  pool_size: 5\n  path: base.db\n");
    CHECK(load()->db.pool_size == 5);
    profile("db:\n  pool_size: 6\n");
    CHECK(load()->db.pool_size == 6);
    CHECK(load()->db.path == "base.db");
    variable("APP_DB_POOL_SIZE=7");
    CHECK(load()->db.pool_size == 7);
    flag("--db.pool_size=8");
    CHECK(load()->db.pool_size == 8);
    CHECK(load()->db.path == "base.db");
}

TEST_CASE_FIXTURE(fixture, "a variable overrides a file even without a profile, and a flag overrides a file alone") {
    file("port: 1\nratio: 0.1\n");
    variable("APP_PORT=2");
    flag("--ratio");
    flag("0.2");
    const auto loaded = load().value();
    CHECK(loaded.port == 2);
    CHECK(loaded.ratio == 0.2);
}

TEST_CASE_FIXTURE(fixture, "sections merge; lists and maps are replaced as a whole; null empties an optional") {
    file("origins: [a, b]\nlimits: {x: 1, y: 2}\ndb: {password: hush, pool_size: 9}\nreplica: {pool_size: 3}\n");
    profile("origins: [c]\nlimits: {z: 3}\ndb: {password: ~}\nreplica: ~\n");
    const auto loaded = load().value();
    CHECK(loaded.origins == std::vector<std::string>{"c"});
    CHECK(loaded.limits == std::map<std::string, std::int64_t>{{"z", 3}});
    CHECK_FALSE(loaded.db.password.has_value());
    CHECK(loaded.db.pool_size == 9);
    CHECK_FALSE(loaded.replica.has_value());
}

TEST_CASE_FIXTURE(fixture, "variables and flags choose the file and the profile") {
    files::write("other.yaml", "port: 1\n");
    files::write("other-prod.yaml", "port: 2\n");
    options.file = "nowhere.yaml";
    variable("APP_CONFIG=other.yaml");
    CHECK(load()->port == 1);
    variable("APP_PROFILE=prod");
    CHECK(load()->port == 2);
    files::write("third.yaml", "port: 3\n");
    files::write("third-test.yaml", "debug: true\n");
    flag("--config=third.yaml");
    flag("--profile");
    flag("test");
    CHECK(load()->port == 3);
    CHECK(load()->debug);
}

TEST_CASE_FIXTURE(fixture, "a profile's file is next to the base file") {
    std::filesystem::create_directory("etc.d");
    files::write("etc.d/app.yaml", "port: 1\n");
    files::write("etc.d/app-dev.yaml", "port: 2\n");
    options.file = "etc.d/app.yaml";
    options.profile = "dev";
    CHECK(load()->port == 2);
    std::filesystem::copy("etc.d/app.yaml", "etc.d/plain");
    std::filesystem::copy("etc.d/app-dev.yaml", "etc.d/plain-dev");
    options.file = "etc.d/plain";
    CHECK(load()->port == 2);
}

TEST_CASE_FIXTURE(fixture, "a named file must exist") {
    options.file = "app.yaml";
    CHECK(mistake() == "app.yaml: cannot be read: No such file or directory");
    file("");
    options.profile = "prdo";
    CHECK(mistake() == "app-prdo.yaml: cannot be read: No such file or directory");
    options.profile = "../x";
    CHECK(mistake() == "profile ../x: a profile's name consists of letters, digits, - and _");
    options.profile.clear();
    options.file = ".";
    CHECK(mistake() == ".: cannot be read: Is a directory");
    options.file.clear();
    options.profile = "dev";
    CHECK(mistake() == "profile dev: a profile needs a configuration file");
}

TEST_CASE_FIXTURE(fixture, "a mistake names the file, line, setting, value and accepted values") {
    file("port: 8080\n");
    profile("# the pool\n\n\n\n\ndb:\n  pool_size: 0\n");
    CHECK(mistake() == "app-dev.yaml:7: db.pool_size = 0: accepted 1..1000");
}

TEST_CASE_FIXTURE(fixture, "every mistake is listed, in the order of layers and lines") {
    file("port: 0\nprot: 1\ndebug: yes\nratio: 1.5\nlevel: loud\ndb:\n  path: \"\"\n  timeout: 5\n"
         "  pool_size: many\nlimits: [1]\norigins: a\n");
    profile("replica: 5\n");
    variable("APP_DB_POOL_SIZE=1001");
    flag("--db.timeout=soon");
    CHECK(mistakes() ==
          lines{"app.yaml:1: port = 0: accepted 1 or more", "app.yaml:2: prot: no such setting, did you mean port?",
                "app.yaml:3: debug = yes: accepted true or false", "app.yaml:4: ratio = 1.5: accepted 1 or less",
                "app.yaml:5: level = loud: accepted debug, info, warn", "app.yaml:7: db.path = \"\": must not be empty",
                "app.yaml:8: db.timeout = 5: accepted a duration like 500ms, 3s or 1h30m",
                "app.yaml:9: db.pool_size = many: accepted 1..1000",
                "app.yaml:10: limits = a list: accepted a section of `name: value` lines",
                "app.yaml:11: origins = a: accepted a list",
                "app-dev.yaml:1: replica = 5: accepted a section of `name: value` lines",
                "--db.timeout: db.timeout = soon: accepted a duration like 500ms, 3s or 1h30m"});
}

TEST_CASE_FIXTURE(fixture, "mistakes in variables and flags are named by them") {
    variable("APP_DB_POOL_SIZE=0");
    flag("--port");
    flag("70000");
    CHECK(mistakes() ==
          lines{"APP_DB_POOL_SIZE: db.pool_size = 0: accepted 1..1000", "--port: port = 70000: accepted 1 or more"});
}

TEST_CASE_FIXTURE(fixture, "mistakes inside lists and maps have their path") {
    file("peers:\n  - host: a\n    token: long enough\n  - host: \"\"\n    port: 65536\n    token: hush\n"
         "limits:\n  login: x\n");
    CHECK(mistakes() == lines{"app.yaml:4: peers[1].host = \"\": must not be empty",
                              "app.yaml:5: peers[1].port = 65536: accepted 0..65535",
                              "app.yaml:8: limits.login = x: accepted a whole number"});
}

TEST_CASE_FIXTURE(fixture, "a replaced list no longer points at the lines of the old one") {
    file("port: 1\npeers:\n  - host: a\n    token: long enough\n");
    profile("peers:\n  - host: b\n");
    CHECK(mistake() == "app.yaml: peers[0].token is not set: must have at least 4 characters");
}

TEST_CASE_FIXTURE(fixture, "a broken rule on a list is reported where the list was written") {
    file("port: 1\norigins: [a, b, c, d]\n");
    CHECK(mistake() == "app.yaml:2: origins: must have at most 3 items");
}

TEST_CASE("a setting required by a rule but never set is named") {
    const weir::config_options options{.environment = std::vector<std::string>{}};
    const auto loaded = weir::load_config<peer>(options);
    REQUIRE(loaded.has_error());
    REQUIRE(loaded.error().details().size() == 2);
    CHECK(loaded.error().message() == "the configuration has 2 mistakes");
    CHECK(loaded.error().details()[0].message == "host is not set: must not be empty");
    CHECK(loaded.error().details()[0].field == "host");
    CHECK(loaded.error().details()[0].rule == "not_empty");
}

TEST_CASE_FIXTURE(fixture, "unknown settings are refused with a suggestion") {
    file("pool_size: 3\ndb:\n  pool_sise: 3\n  colour: red\n<<: {}\n");
    CHECK(mistakes() == lines{"app.yaml:1: pool_size: no such setting, did you mean db.pool_size?",
                              "app.yaml:3: db.pool_sise: no such setting, did you mean db.pool_size?",
                              "app.yaml:4: db.colour: no such setting", "app.yaml:5: <<: no such setting"});
}

TEST_CASE_FIXTURE(fixture, "unknown variables and flags are refused, those of other programs are ignored") {
    variable("APP_DB__POOL_SIZE=3");
    variable("APPLE=1");
    variable("HOME=/root");
    flag("--db.pool-size");
    flag("3");
    flag("--prot=1");
    flag("serve");
    CHECK(mistakes() == lines{"APP_DB__POOL_SIZE: no such setting, did you mean APP_DB_POOL_SIZE?",
                              "--db.pool-size: no such setting, did you mean --db.pool_size?",
                              "--prot: no such setting, did you mean --port?", "argument 4: expected --name=value"});
}

TEST_CASE_FIXTURE(fixture, "the variables that Kubernetes and Docker set for a service are ignored with a warning") {
    const lines links{
        "APP_DB_PORT=tcp://10.0.0.2:5432",
        "APP_DB_PORT_5432_TCP=tcp://10.0.0.2:5432",
        "APP_DB_SERVICE_HOST=fd00::1",
        "APP_PORT_53_UDP=udp://10.0.0.1:53",
        "APP_PORT_8080_TCP=tcp://10.0.0.1:8080",
        "APP_PORT_8080_TCP_ADDR=10.0.0.1",
        "APP_PORT_8080_TCP_PORT=8080",
        "APP_PORT_8080_TCP_PROTO=tcp",
        "APP_SERVICE_HOST=10.0.0.1",
        "APP_SERVICE_PORT=8080",
        "APP_SERVICE_PORT_HTTP=8080"};
    for (const auto& link : links) variable(link);
    CHECK(mistakes() == lines{});
    REQUIRE(warnings.size() == links.size());
    for (std::size_t i = 0; i < links.size(); ++i)
        CHECK(warnings[i] == links[i].substr(0, links[i].find('=')) +
                                 ": ignored, set by Kubernetes (enableServiceLinks) or Docker for a service");
}

TEST_CASE_FIXTURE(fixture, "a service's address is refused for a numeric port, which keeps its own value") {
    file("port: 9000\n");
    for (const auto* const address : {"tcp://10.0.0.1:8080", "udp://10.0.0.1:53"}) {
        options.environment->clear();
        warnings.clear();
        variable("APP_PORT=" + std::string(address));
        CHECK(load().value().port == 9000);
        CHECK(warnings == lines{"APP_PORT: ignored, a service's address isn't a value for port, set by Kubernetes "
                                "(enableServiceLinks) or Docker for a service"});
    }
}

TEST_CASE_FIXTURE(fixture, "a variable that only resembles a service's stops the start") {
    const lines wrong{
        "APP_DB_PORT_5432=tcp://10.0.0.2:5432",
        "APP_PORT_80_TCPX=tcp://10.0.0.2:80",
        "APP_PORT_80_TCP_ADDR=somewhere",
        "APP_PORT_X_TCP=tcp://10.0.0.2:80",
        "APP_SERVICE_HOST=example.org",
        "APP_SERVICE_HOSTS=10.0.0.1",
        "APP_SERVICE_PORT=many",
        "APP_SERVICE_PORT_=",
        "APP_WEB_PORT=8080"};
    for (const auto& one : wrong) variable(one);
    const auto found = mistakes();
    REQUIRE(found.size() == wrong.size());
    for (std::size_t i = 0; i < wrong.size(); ++i)
        CHECK(found[i].starts_with(wrong[i].substr(0, wrong[i].find('=')) + ": no such setting"));
    CHECK(warnings == lines{});
    options.environment = {"APP_PORT=tcp:8080"};
    CHECK(mistake() == "APP_PORT: port = tcp:8080: accepted 1 or more");
}

namespace {

struct service_settings {
    std::string host = "localhost";
    std::string port = "80";
};
BOOST_DESCRIBE_STRUCT(service_settings, (), (host, port))

struct linked {
    service_settings service{};
};
BOOST_DESCRIBE_STRUCT(linked, (), (service))

} // namespace

TEST_CASE("a setting's own variable is read, even if a service would set it") {
    weir::config_options options{.env_prefix = "APP_", .environment = std::vector<std::string>{}};
    options.environment = {"APP_SERVICE_HOST=10.0.0.1", "APP_SERVICE_PORT=tcp://10.0.0.1:80"};
    const auto loaded = weir::load_config<linked>(options).value();
    CHECK(loaded.service.host == "10.0.0.1");
    CHECK(loaded.service.port == "tcp://10.0.0.1:80");
}

TEST_CASE_FIXTURE(fixture, "without a prefix no variable is read") {
    options.environment = {"PORT=1", "APP_PORT=1"};
    CHECK(load()->port == 8080);
}

TEST_CASE_FIXTURE(fixture, "flags take their value after = or as the next argument; switches need none") {
    flag("--db.path=a=b");
    flag("--greeting");
    flag("-5 degrees");
    flag("--debug");
    flag("--port");
    flag("1");
    flag("--port=2");
    const auto loaded = load().value();
    CHECK(loaded.db.path == "a=b");
    CHECK(loaded.greeting == "-5 degrees");
    CHECK(loaded.debug);
    CHECK(loaded.port == 2);
}

TEST_CASE_FIXTURE(fixture, "a switch can be turned off, and a flag without a value is a mistake") {
    file("debug: true\n");
    flag("--debug");
    flag("false");
    CHECK_FALSE(load()->debug);
    flag("--port");
    flag("--debug");
    flag("--db.path");
    CHECK(mistakes() == lines{"--port: needs a value", "--db.path: needs a value"});
}

TEST_CASE_FIXTURE(fixture, "variables and flags set lists with commas and reach into optional sections") {
    variable("APP_ORIGINS=a,b,,c");
    variable("APP_REPLICA_POOL_SIZE=2");
    flag("--origins=x,y");
    flag("--db.password=");
    const auto loaded = load().value();
    CHECK(loaded.origins == std::vector<std::string>{"x", "y"});
    CHECK(loaded.replica->pool_size == 2);
    CHECK(loaded.db.password == "");
    flags.resize(1);
    CHECK(mistake() == "APP_ORIGINS: origins: must have at most 3 items");
    options.environment = {"APP_ORIGINS="};
    CHECK(load()->origins.empty());
}

TEST_CASE_FIXTURE(fixture, "blanks around the commas of a list and around the list are ignored") {
    variable("APP_ORIGINS= a,\tb c , d\n");
    CHECK(load().value().origins == lines{"a", "b c", "d"});
    flag("--origins=x , y, ");
    CHECK(load().value().origins == lines{"x", "y"});
    flag("--origins=  ");
    CHECK(load().value().origins == lines{});
    flag("--greeting= a, b ");
    CHECK(load().value().greeting == " a, b ");
}

TEST_CASE_FIXTURE(fixture, "settings inside lists and maps can't be set by a variable") {
    variable("APP_PEERS=x");
    variable("APP_LIMITS_LOGIN=1");
    CHECK(mistakes() ==
          lines{"APP_LIMITS_LOGIN: no such setting", "APP_PEERS: no such setting, did you mean APP_PORT?"});
}

namespace {

struct inner {
    int size = 1;
};
BOOST_DESCRIBE_STRUCT(inner, (), (size))

struct ambiguous {
    inner pool{};
    int pool_size = 1;
};
BOOST_DESCRIBE_STRUCT(ambiguous, (), (pool, pool_size))

} // namespace

TEST_CASE("two settings that would share a variable are refused") {
    const auto loaded = weir::load_config<ambiguous>({.env_prefix = "X_", .environment = std::vector<std::string>{}});
    REQUIRE(loaded.has_error());
    CHECK(loaded.error().details()[0].message ==
          "X_POOL_SIZE: pool.size and pool_size share this variable; rename one");
}

TEST_CASE_FIXTURE(fixture, "variables are expanded in files, with their type") {
    file("port: ${PORT}\ndb:\n  path: ${DATA:-/tmp}/app.db\n  pool_size: ${POOL:-12}\n  password: 'a$${b}'\n");
    options.environment = {"PORT=99"};
    const auto loaded = load().value();
    CHECK(loaded.port == 99);
    CHECK(loaded.db.path == "/tmp/app.db");
    CHECK(loaded.db.pool_size == 12);
    CHECK(loaded.db.password == "a${b}");
}

TEST_CASE_FIXTURE(fixture, "an unset variable stops the start and is named with its line") {
    file("port: ${PORT}\ndb:\n  path: ${DATA}/app.db\n  password: prefix-${DB_PASSWORD}\n  pool_size: ${POOL\n");
    CHECK(mistakes() ==
          lines{"app.yaml:1: port = ${PORT}: the variable PORT is not set",
                "app.yaml:3: db.path = ${DATA}/app.db: the variable DATA is not set",
                "app.yaml:4: db.password = ***: the variable DB_PASSWORD is not set",
                "app.yaml:5: db.pool_size = ${POOL: ${ without a closing }"});
}

TEST_CASE_FIXTURE(fixture,
                  "values of variables and flags aren't expanded, nor are values that a variable brought into a file") {
    file("greeting: ${TRICKY}\n");
    options.environment = {"TRICKY=${NOPE}"};
    variable("APP_DB_PATH=${NOPE}");
    flag("--db.password=${NOPE}");
    const auto loaded = load().value();
    CHECK(loaded.greeting == "${NOPE}");
    CHECK(loaded.db.path == "${NOPE}");
    CHECK(loaded.db.password == "${NOPE}");
}

TEST_CASE_FIXTURE(fixture, "a value from a variable is shown expanded in its mistake") {
    file("db:\n  pool_size: ${POOL}\n");
    options.environment = {"POOL=0"};
    CHECK(mistake() == "app.yaml:2: db.pool_size = 0: accepted 1..1000");
}

TEST_CASE_FIXTURE(fixture, "secrets are *** in every mistake, whatever their source") {
    file("db:\n  password: [hunter2]\npeers:\n  - host: a\n    token: abc\n");
    CHECK(mistakes() == lines{"app.yaml:2: db.password = a list: accepted text",
                              "app.yaml:5: peers[0].token = ***: must have at least 4 characters"});
    flag("--db.pasword=hunter2");
    flag("--db.pasword");
    flag("hunter2");
    flag("--secret");
    flag("hunter2");
    for (const auto& line : mistakes()) CHECK(line.find("hunter2") == std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "the dump shows every setting, and secrets as ***") {
    file("db:\n  password: hunter2\npeers:\n  - host: a\n    token: hunter2\n");
    const std::string text = weir::dump(load().value());
    CHECK(text.find("hunter2") == std::string::npos);
    CHECK(text.find(R"("password":"***")") != std::string::npos);
    CHECK(text.find(R"("port":8080)") != std::string::npos);
    CHECK(text.find(R"("timeout":"2s")") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "YAML's pitfalls are mistakes: yes and no, octal and other number formats") {
    for (const std::string_view value : {"yes", "no", "on", "off", "True", "TRUE", "1", "\"\"", "null"}) {
        file("debug: " + std::string(value) + "\n");
        CHECK(mistake().ends_with(": accepted true or false"));
    }
    for (const std::string_view value :
         {"010", "0x10", "0o17", "1_000", "+1", "1.0", "1e3", "12:30", "''", "' 1'", "-0x1", "--1"}) {
        file("limits:\n  a: " + std::string(value) + "\n");
        CHECK(mistake().ends_with(": accepted a whole number"));
    }
    for (const std::string_view value : {".inf", "nan", "1e999", "0x1p3", "01.5", "+0.5", ".5", "1,5"}) {
        file("ratio: " + std::string(value) + "\n");
        CHECK(mistake().ends_with(": accepted 1 or less"));
    }
}

TEST_CASE_FIXTURE(fixture, "strings stay strings, whatever they look like") {
    for (const std::string_view value : {"no", "010", "1.10", "0x10", "2026-01-01", "1e3", "true", "12:30"}) {
        file("greeting: " + std::string(value) + "\n");
        CHECK(load()->greeting == value);
    }
    file("greeting: \"\"\n");
    CHECK(load()->greeting.empty());
    file("greeting:\n");
    CHECK(mistake() == "app.yaml:1: greeting = nothing: accepted a string; \"\" for an empty one");
}

TEST_CASE_FIXTURE(fixture, "integers hold their type's limits exactly") {
    file("port: 65535\nlimits: {least: -9223372036854775808, most: 9223372036854775807}\n");
    const auto loaded = load().value();
    CHECK(loaded.port == 65535);
    CHECK(loaded.limits.at("least") == INT64_MIN);
    CHECK(loaded.limits.at("most") == INT64_MAX);
    file("limits: {a: 9223372036854775808}\n");
    CHECK(mistake() == "app.yaml:1: limits.a = 9223372036854775808: accepted a whole number");
    file("port: -1\n");
    CHECK(mistake() == "app.yaml:1: port = -1: accepted 1 or more");
}

TEST_CASE_FIXTURE(fixture, "a section without lines changes nothing") {
    file("db:\n#  pool_size: 3\nport: 1\n");
    CHECK(load()->db.pool_size == 4);
    CHECK(load()->port == 1);
}

TEST_CASE_FIXTURE(fixture, "broken YAML is one mistake, and the other layers are still checked") {
    file("port: 1\nport: 2\n");
    profile("a: b: c\n");
    variable("APP_DEBUG=maybe");
    CHECK(mistakes() == lines{"app.yaml:2: port: given twice, first in line 1", "app-dev.yaml:1: illegal map value",
                              "APP_DEBUG: debug = maybe: accepted true or false"});
}

TEST_CASE_FIXTURE(fixture, "a long or multi-line value or name is shown on one short line") {
    file("\"a\\n\\e[31mb\": 1\n");
    CHECK(mistake() == "app.yaml:1: a  [31mb: no such setting");
    file("level: |\n  first\n  second\n");
    CHECK(mistake() == "app.yaml:1: level = first second : accepted debug, info, warn");
    file("level: " + std::string(5000, 'x') + "\n");
    CHECK(mistake() == "app.yaml:1: level = " + std::string(100, 'x') + "...: accepted debug, info, warn");
}

namespace {

struct fleet {
    std::map<std::string, peer> peers{};
};
BOOST_DESCRIBE_STRUCT(fleet, (), (peers))

} // namespace

TEST_CASE("a map's key with dots in it doesn't reveal a secret below it") {
    const files folder;
    files::write("app.yaml", "peers:\n  a.b[0].host:\n    host: h\n    token: abc\n");
    const auto loaded = weir::load_config<fleet>({.file = "app.yaml", .environment = std::vector<std::string>{}});
    REQUIRE(loaded.has_error());
    CHECK(loaded.error().details()[0].message ==
          "app.yaml:4: peers.a.b[0].host.token = ***: must have at least 4 characters");
}

TEST_CASE("the profile is the flag's, else the variable's, else the options'") {
    weir::config_options options;
    options.profile = "prod";
    options.env_prefix = "APP_";
    options.environment = std::vector<std::string>{};
    CHECK(weir::config_profile(options) == "prod");
    options.environment = std::vector<std::string>{"APP_PROFILE=dev", "APP_PORT=1", "OTHER_PROFILE=x"};
    CHECK(weir::config_profile(options) == "dev");
    const char* separate[] = {"app", "--port", "80", "--debug", "--profile", "staging"};
    options.args = {6, separate};
    CHECK(weir::config_profile(options) == "staging");
    const char* joined[] = {"app", "--profile=test", "--greeting=--profile=prod"};
    options.args = {3, joined};
    CHECK(weir::config_profile(options) == "test");
}

TEST_CASE_FIXTURE(fixture, "the help lists every setting with its variable, accepted values and default") {
    options.env_prefix = "APP_";
    options.file = "nowhere.yaml";
    flag("--port=0");
    flag("--help");
    const lines wanted{
        "  FLAG                 VARIABLE               ACCEPTED                            DEFAULT",
        "  --config             APP_CONFIG             a YAML file                         nowhere.yaml",
        "  --profile            APP_PROFILE            NAME, for <file>-NAME.yaml as well",
        "  --port               APP_PORT               1 or more                           8080",
        "  --debug              APP_DEBUG              true or false                       false",
        "  --ratio              APP_RATIO              1 or less                           0.5",
        "  --level              APP_LEVEL              debug, info, warn                   info",
        "  --db.path            APP_DB_PATH            text                                app.db",
        "  --db.pool_size       APP_DB_POOL_SIZE       1..1000                             4",
        "  --db.password        APP_DB_PASSWORD        text (secret)",
        "  --db.timeout         APP_DB_TIMEOUT         a duration like 500ms, 3s or 1h30m  2s",
        "  --replica.path       APP_REPLICA_PATH       text",
        "  --replica.pool_size  APP_REPLICA_POOL_SIZE  1..1000",
        "  --replica.password   APP_REPLICA_PASSWORD   text (secret)",
        "  --replica.timeout    APP_REPLICA_TIMEOUT    a duration like 500ms, 3s or 1h30m",
        "  --origins            APP_ORIGINS            text; several: a, b",
        "  peers                in the file only       a list",
        "  limits               in the file only       a section of `name: value` lines",
        "  --greeting           APP_GREETING           text                                good day"};
    CHECK(mistakes("help") == wanted);
    std::string text;
    for (const auto& line : wanted) text += line + "\n";
    CHECK(weir::config_help<settings>(options) == text);
    flags = {"app", "-h"};
    CHECK(mistakes("help") == wanted);
}

namespace {

struct helpful {
    std::string help = "none";
};
BOOST_DESCRIBE_STRUCT(helpful, (), (help))

} // namespace

TEST_CASE("without a prefix the help lists no variables, and a setting named help is read") {
    weir::config_options options{.environment = std::vector<std::string>{}};
    CHECK(weir::config_help<helpful>(options) ==
          "  FLAG       ACCEPTED                            DEFAULT\n"
          "  --config   a YAML file\n"
          "  --profile  NAME, for <file>-NAME.yaml as well\n"
          "  --help     text                                none\n");
    const char* flags[] = {"app", "--help", "me"};
    options.args = {3, flags};
    CHECK(weir::load_config<helpful>(options).value().help == "me");
}

namespace {

struct printed {
    int status = 0;
    std::string text{};
};

// What `fail` prints on one of the two standard streams, captured in a file.
printed failing(const weir::error& failure, std::FILE* stream) {
    std::fflush(stream);
    const int number = ::fileno(stream);
    const int kept = ::dup(number);
    REQUIRE(std::freopen("printed.txt", "w", stream) != nullptr);
    printed found{weir::fail(failure)};
    std::fflush(stream);
    ::dup2(kept, number);
    ::close(kept);
    std::ifstream in("printed.txt");
    found.text.assign(std::istreambuf_iterator<char>(in), {});
    return found;
}

} // namespace

TEST_CASE("fail prints one line per mistake on stderr and returns 2") {
    const files folder;
    files::write("app.yaml", "port: 0\ndebug: no\n");
    const auto loaded = weir::load_config<settings>({.file = "app.yaml", .environment = std::vector<std::string>{}});
    const auto mistaken = failing(loaded.error(), stderr);
    CHECK(mistaken.status == 2);
    CHECK(mistaken.text ==
          "app.yaml:1: port = 0: accepted 1 or more\napp.yaml:2: debug = no: accepted true or false\n");
    const auto other = failing(weir::error(errc::unavailable, "no database"), stderr);
    CHECK(other.status == 2);
    CHECK(other.text == "unavailable: no database\n");
}

TEST_CASE("fail prints the help on stdout and returns 0") {
    const files folder;
    const char* flags[] = {"app", "--help"};
    weir::config_options options{.environment = std::vector<std::string>{}};
    options.args = {2, flags};
    const auto asked = failing(weir::load_config<settings>(options).error(), stdout);
    CHECK(asked.status == 0);
    CHECK(asked.text == weir::config_help<settings>(options));
}
