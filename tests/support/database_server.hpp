// SPDX-License-Identifier: MIT
#pragma once

#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace test_support {

/// A database server for one test: its files are in a temporary folder, it listens on a free port of 127.0.0.1, and the
/// destructor stops it. If the tests run as root, it runs as the user created by its package.
class database_server {
public:
    virtual ~database_server();
    database_server(const database_server&) = delete;
    database_server& operator=(const database_server&) = delete;

    std::uint16_t port() const noexcept { return port_; }

    bool running() const { return process_ && process_->running(); }
    /// Restarts it after kill, on the same files.
    void start();
    /// Simulates a power failure; returns when no process is left.
    void kill();
    /// Stops all of its processes; the kernel keeps acknowledging incoming data.
    void freeze();
    void thaw();

protected:
    explicit database_server(std::string user);

    virtual std::vector<std::string> command() const = 0;
    /// The line on stderr after which it accepts connections.
    virtual std::string ready_line() const = 0;
    /// The signal that stops it quickly and cleanly.
    virtual int stop_signal() const = 0;

    std::string folder() const { return files_ / "data"; }
    const test_support::temporary_folder& files() const noexcept { return files_; }
    /// Runs a program as the server's user until it ends; throws with its output if it fails.
    void run(const std::vector<std::string>& command) const;

    void stop();

private:
    std::unique_ptr<child_process> begin(std::vector<std::string> command) const;
    std::vector<pid_t> stopped_processes() const;

    test_support::temporary_folder files_;
    std::string user_; // empty: the user who runs the tests
    std::uint16_t port_;
    std::unique_ptr<child_process> process_;
};

/// PostgreSQL with the superuser `weir`, without a password.
class postgres_server final : public database_server {
public:
    postgres_server();
    ~postgres_server() override { stop(); }

    /// `postgresql://weir@127.0.0.1:54321/postgres`
    std::string url(const std::string& database = "postgres") const;

protected:
    std::vector<std::string> command() const override;
    std::string ready_line() const override;
    int stop_signal() const override;
};

/// PgBouncer in front of a PostgreSQL server, in transaction mode, with `connections` to each of its databases.
class pgbouncer final : public database_server {
public:
    pgbouncer(const postgres_server& behind, int connections);
    ~pgbouncer() override { stop(); }

    std::string url(const std::string& database) const;

protected:
    std::vector<std::string> command() const override;
    std::string ready_line() const override;
    int stop_signal() const override;
};

/// In PEM.
struct server_certificate {
    std::string certificate{};
    std::string key{};
    std::string client_authority{};
};

/// MariaDB with the user `root`, without a password.
class mariadb_server final : public database_server {
public:
    mariadb_server();
    /// Enables TLS.
    explicit mariadb_server(const server_certificate& shown);
    ~mariadb_server() override { stop(); }

    /// Returns `mysql://root@127.0.0.1:54321/` plus the database's name.
    std::string url(const std::string& database) const;
    /// The path of its Unix socket.
    std::string socket() const { return files() / "socket"; }

protected:
    std::vector<std::string> command() const override;
    std::string ready_line() const override;
    int stop_signal() const override;

private:
    void install_and_start();
    std::string temporary_files() const;

    std::vector<std::string> tls_options_;
};

} // namespace test_support
