// SPDX-License-Identifier: MIT
#include "orm_mysql/mysql_connect.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <memory>
#include <mysql.h>

namespace weir::orm {

std::string in_quotes(std::string_view text) {
    std::string made = "'";
    for (const char character : text) {
        if (character == '\'' || character == '\\') made += '\\';
        made += character;
    }
    return made += "'";
}

#ifdef MARIADB_PACKAGE_VERSION_ID

namespace {

constexpr std::string_view plugin_name = "weir";

// MariaDB's connection plugin (https://mariadb.com/kb/en/connection-plugins/); Debian's header for it includes one that
// isn't installed.
struct connection_plugin {
    st_mysql_client_plugin head{};
    MYSQL* (*connect)(MYSQL* connection, const char* host, const char* user, const char* password, const char* database,
                      unsigned port, const char* socket, unsigned long flags) = nullptr;
    void (*close)(MYSQL* connection) = nullptr;
    int (*set_option)(MYSQL* connection, unsigned option, ...) = nullptr;
    int (*before_command)(MYSQL* connection, enum_server_command command, const char* argument, std::size_t length,
                          my_bool skips_check, void* option) = nullptr;
    my_bool (*reconnect)(MYSQL* connection) = nullptr;
    int (*reset)(MYSQL* connection) = nullptr;
};
constexpr int is_connection_plugin = 103;
constexpr unsigned plugin_version = 0x0100;

void set_path(MYSQL* connection, mysql_option option, const std::string& path) {
    if (!path.empty()) mysql_optionsv(connection, option, path.c_str());
}

void set_tls(MYSQL* connection, const mysql_url& to) {
    const my_bool used = to.tls != tls_mode::disable ? 1 : 0;
    const my_bool verifies_name = to.tls == tls_mode::verify_full ? 1 : 0;
    mysql_optionsv(connection, MYSQL_OPT_SSL_ENFORCE, &used);
    mysql_optionsv(connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verifies_name);
    if (used == 0) return;
    set_path(connection, MYSQL_OPT_SSL_CA, to.root_certificate);
    set_path(connection, MYSQL_OPT_SSL_CERT, to.certificate);
    set_path(connection, MYSQL_OPT_SSL_KEY, to.key);
}

// `localhost` means TCP, like every other host. A Unix socket has no TLS, as with libpq.
MYSQL* connect(MYSQL* connection, const mysql_url& to, unsigned long flags) {
    const bool over_socket = !to.socket.empty();
    const unsigned protocol = over_socket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
    mysql_optionsv(connection, MYSQL_OPT_PROTOCOL, &protocol);
    if (!over_socket) set_tls(connection, to);
    unsigned port = 0;
    std::from_chars(to.port.data(), to.port.data() + to.port.size(), port);
    return connection->methods->db_connect(
        connection, over_socket ? "localhost" : to.host.c_str(), to.user.c_str(),
        to.password.empty() ? nullptr : to.password.c_str(), to.database.c_str(), port,
        over_socket ? to.socket.c_str() : nullptr, flags);
}

// The client passes on only strings: this host name contains the address of the parsed URL.
std::string host_at(const mysql_url& to) {
    return fmt::format("{}://{:x}", plugin_name, reinterpret_cast<std::uintptr_t>(&to));
}

const mysql_url& url_at(std::string_view host) {
    std::uintptr_t address = 0;
    std::from_chars(host.data(), host.data() + host.size(), address, 16);
    return *reinterpret_cast<const mysql_url*>(address); // NOLINT(performance-no-int-to-ptr)
}

MYSQL* connect_as_url_says(MYSQL* connection, const char* host, const char*, const char*, const char*, unsigned,
                           const char*, unsigned long flags) noexcept {
    return connect(connection, url_at(host), flags);
}

int allow(MYSQL*, enum_server_command, const char*, std::size_t, my_bool, void*) { return 0; }

st_mysql_client_plugin* connector_plugin() {
    static connection_plugin plugin = [] {
        connection_plugin made;
        made.head.type = is_connection_plugin;
        made.head.interface_version = plugin_version;
        made.head.name = plugin_name.data();
        made.connect = connect_as_url_says;
        made.before_command = allow;
        return made;
    }();
    return &plugin.head;
}

result<void> add_plugin() {
    const std::unique_ptr<MYSQL, decltype(&mysql_close)> client(mysql_init(nullptr), &mysql_close);
    if (client && mysql_client_register_plugin(client.get(), connector_plugin())) return ok();
    return error(errc::unavailable, client ? ::mysql_error(client.get()) : "out of memory");
}

} // namespace

result<std::string> address_text(const mysql_url& to) {
    static const result<void> added = add_plugin();
    if (!added) return added.error();
    return "host=" + in_quotes(host_at(to));
}

bool connect(MYSQL& client, const mysql_url& to) {
    return mysql_real_connect(&client, host_at(to).c_str(), nullptr, nullptr, nullptr, 0, nullptr, 0) != nullptr;
}

#else

result<std::string> address_text(const mysql_url& to) {
    if (to.tls != tls_mode::prefer)
        return error(errc::invalid_argument, "mysql://: sslmode needs MariaDB's client library");
    std::string made = "host=" + in_quotes(to.host == "localhost" ? "127.0.0.1" : to.host) + " port=" + to.port;
    if (!to.socket.empty()) made = "host=localhost unix_socket=" + in_quotes(to.socket);
    if (!to.user.empty()) made += " user=" + in_quotes(to.user);
    if (!to.password.empty()) made += " password=" + in_quotes(to.password);
    if (!to.database.empty()) made += " db=" + in_quotes(to.database);
    return made;
}

bool connect(MYSQL& client, const mysql_url& to) {
    const bool over_socket = !to.socket.empty();
    const std::string host = over_socket || to.host == "localhost" ? "127.0.0.1" : to.host;
    unsigned port = 0;
    std::from_chars(to.port.data(), to.port.data() + to.port.size(), port);
    return mysql_real_connect(&client, over_socket ? "localhost" : host.c_str(), to.user.c_str(), to.password.c_str(),
                              nullptr, port, over_socket ? to.socket.c_str() : nullptr, 0) != nullptr;
}

#endif

} // namespace weir::orm
