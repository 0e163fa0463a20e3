// SPDX-License-Identifier: MIT
#include "support/database_server.hpp"

#include "support/free_port.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <pwd.h>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#ifndef WEIR_TEST_POSTGRES_FOLDER
#define WEIR_TEST_POSTGRES_FOLDER "/usr/lib/postgresql/15/bin"
#endif

namespace test_support {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 120s;
const std::string postgres_programs = WEIR_TEST_POSTGRES_FOLDER;
const std::vector<std::string> plain_environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/nonexistent"};

struct process_state {
    char letter = 'X'; // the state from ps: T is stopped; X means no such process
    pid_t parent = 0;
};

process_state state_of(const std::filesystem::path& process) {
    std::ifstream file(process / "stat");
    std::string line;
    std::getline(file, line);
    process_state found;
    const std::size_t name_end = line.rfind(')'); // the name may contain spaces
    if (name_end == std::string::npos) return found;
    std::istringstream rest(line.substr(name_end + 1));
    rest >> found.letter >> found.parent;
    return found;
}

std::filesystem::path folder_of(pid_t process) { return "/proc/" + std::to_string(process); }

bool still_runs(const std::filesystem::path& process) {
    const char letter = state_of(process).letter;
    return letter != 'T' && letter != 'X' && letter != 'Z';
}

bool has_running_thread(pid_t process) {
    std::error_code gone;
    const std::filesystem::directory_iterator threads(folder_of(process) / "task", gone);
    return !gone && std::ranges::any_of(threads, [](const auto& thread) { return still_runs(thread.path()); });
}

// A signal arrives asynchronously: the process runs until then.
void stop_and_wait(pid_t process) {
    ::kill(process, SIGSTOP);
    const auto give_up_at = std::chrono::steady_clock::now() + patience;
    while (has_running_thread(process)) {
        if (std::chrono::steady_clock::now() > give_up_at) throw std::runtime_error("a server doesn't stand still");
        std::this_thread::yield();
    }
}

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") == std::string::npos && state_of(entry.path()).parent == parent)
            found.push_back(std::stoi(name));
    }
    return found;
}

} // namespace

database_server::database_server(std::string user)
    : user_(::geteuid() == 0 ? std::move(user) : std::string()), port_(free_port()) {
    if (user_.empty()) return;
    passwd entry{};
    passwd* known = nullptr;
    std::vector<char> texts(16'384);
    ::getpwnam_r(user_.c_str(), &entry, texts.data(), texts.size(), &known);
    if (!known || ::chown(files_.path().c_str(), known->pw_uid, known->pw_gid) != 0)
        throw std::runtime_error("there is no user " + user_ + ": is the server's package installed?");
}

database_server::~database_server() = default;

// Killed with the test if the test is killed: setpriv preserves this across the change of user.
std::unique_ptr<child_process> database_server::begin(std::vector<std::string> command) const {
    std::vector<std::string> args{"--pdeathsig=KILL"};
    if (!user_.empty()) args.insert(args.end(), {"--reuid=" + user_, "--regid=" + user_, "--clear-groups"});
    args.push_back("--");
    args.insert(args.end(), command.begin(), command.end());
    return std::make_unique<child_process>("/usr/bin/setpriv", std::move(args), plain_environment);
}

void database_server::run(const std::vector<std::string>& command) const {
    // print the output only on failure
    std::vector<std::string> quiet{"/bin/sh", "-c", "exec \"$0\" \"$@\" >&2"};
    quiet.insert(quiet.end(), command.begin(), command.end());
    const auto process = begin(std::move(quiet));
    if (process->wait(patience) != 0) throw std::runtime_error(command.front() + ": " + process->errors());
}

void database_server::start() {
    process_ = begin(command());
    process_->line_with(ready_line(), patience);
}

// Stops the first process, which creates the others, and returns all of them.
std::vector<pid_t> database_server::stopped_processes() const {
    stop_and_wait(process_->pid());
    std::vector<pid_t> all = children_of(process_->pid());
    all.push_back(process_->pid());
    return all;
}

void database_server::kill() {
    for (const pid_t one : stopped_processes()) ::kill(one, SIGKILL);
    process_->wait(patience); // until all have closed its stderr
    process_.reset();
}

void database_server::freeze() {
    for (const pid_t one : stopped_processes()) stop_and_wait(one);
}

void database_server::thaw() {
    for (const pid_t one : stopped_processes()) ::kill(one, SIGCONT);
}

void database_server::stop() {
    if (process_ && process_->running()) {
        thaw();
        process_->signal(stop_signal());
        process_->wait(patience);
    }
    process_.reset();
}

postgres_server::postgres_server() : database_server("postgres") {
    run({postgres_programs + "/initdb", "-D", folder(), "-A", "trust", "-U", "weir", "--no-sync", "-E", "UTF8",
         "--locale=C"});
    start();
}

std::string postgres_server::url(const std::string& database) const {
    return "postgresql://weir@127.0.0.1:" + std::to_string(port()) + "/" + database;
}

std::vector<std::string> postgres_server::command() const {
    std::vector<std::string> made{postgres_programs + "/postgres", "-D", folder()};
    for (const std::string& setting :
         {std::string("listen_addresses=127.0.0.1"), "port=" + std::to_string(port()),
          std::string("unix_socket_directories="), std::string("fsync=off"), std::string("full_page_writes=off"),
          std::string("shared_buffers=16MB"), std::string("deadlock_timeout=100ms")})
        made.insert(made.end(), {"-c", setting});
    return made;
}

std::string postgres_server::ready_line() const { return "ready to accept connections"; }

int postgres_server::stop_signal() const { return SIGQUIT; }

pgbouncer::pgbouncer(const postgres_server& behind, int connections) : database_server("postgres") {
    files().put("settings.ini",
                "[databases]\n* = host=127.0.0.1 user=weir port=" + std::to_string(behind.port()) +
                    "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " + std::to_string(port()) +
                    "\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
                    "default_pool_size = " +
                    std::to_string(connections) + "\n");
    start();
}

std::string pgbouncer::url(const std::string& database) const {
    return "postgresql://weir@127.0.0.1:" + std::to_string(port()) + "/" + database;
}

std::vector<std::string> pgbouncer::command() const { return {"/usr/sbin/pgbouncer", files() / "settings.ini"}; }

std::string pgbouncer::ready_line() const { return "process up"; }

int pgbouncer::stop_signal() const { return SIGTERM; }

mariadb_server::mariadb_server() : database_server("mysql") { install_and_start(); }

mariadb_server::mariadb_server(const server_certificate& shown) : database_server("mysql") {
    tls_options_ = {"--ssl-cert=" + files().put("server.pem", shown.certificate),
                    "--ssl-key=" + files().put("server.key", shown.key),
                    "--ssl-ca=" + files().put("clients.pem", shown.client_authority)};
    install_and_start();
}

void mariadb_server::install_and_start() {
    run({"/usr/bin/mariadb-install-db", "--no-defaults", "--datadir=" + folder(),
         "--auth-root-authentication-method=normal", "--skip-test-db", temporary_files()});
    start();
}

std::string mariadb_server::url(const std::string& database) const {
    return "mysql://root@127.0.0.1:" + std::to_string(port()) + "/" + database;
}

std::vector<std::string> mariadb_server::command() const {
    std::vector<std::string> made{
        "/usr/sbin/mariadbd",
        "--no-defaults",
        "--datadir=" + folder(),
        "--port=" + std::to_string(port()),
        "--bind-address=127.0.0.1",
        "--socket=" + socket(),
        "--pid-file=" + (files() / "pid"),
        "--skip-name-resolve",
        "--innodb-buffer-pool-size=32M",
        "--innodb-flush-log-at-trx-commit=2", // 0 would lose the last second of commits at a kill
        "--performance-schema=OFF",
        temporary_files()};
    made.insert(made.end(), tls_options_.begin(), tls_options_.end());
    return made;
}

// A starting server removes temporary files as leftovers; a separate folder protects those of other servers.
std::string mariadb_server::temporary_files() const { return "--tmpdir=" + files().path().string(); }

std::string mariadb_server::ready_line() const { return "ready for connections"; }

int mariadb_server::stop_signal() const { return SIGTERM; }

} // namespace test_support
