// SPDX-License-Identifier: MIT
#include "support/rabbitmq_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <pwd.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace test_support {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 110s;
constexpr std::string_view programs = "/usr/lib/rabbitmq/bin/";

class loopback_socket {
public:
    loopback_socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    ~loopback_socket() { ::close(fd_); }
    loopback_socket(const loopback_socket&) = delete;
    loopback_socket& operator=(const loopback_socket&) = delete;

    std::uint16_t bind_free() const {
        sockaddr_in at = address(0);
        socklen_t size = sizeof(at);
        if (::bind(fd_, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
            ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
            throw std::runtime_error("there is no free port");
        return ntohs(at.sin_port);
    }
    bool connects_to(std::uint16_t port) const {
        const sockaddr_in at = address(port);
        return ::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0;
    }

private:
    static sockaddr_in address(std::uint16_t port) {
        sockaddr_in made{};
        made.sin_family = AF_INET;
        made.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        made.sin_port = htons(port);
        return made;
    }

    int fd_;
};

bool accepts(std::uint16_t port) { return loopback_socket().connects_to(port); }

pid_t parent_of(const std::filesystem::path& process) {
    std::ifstream file(process / "stat");
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream rest(line.substr(name_end + 1));
    char state = 0;
    pid_t parent = 0;
    rest >> state >> parent;
    return parent;
}

void add_descendants(pid_t of, std::vector<pid_t>& into) {
    into.push_back(of);
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") == std::string::npos && parent_of(entry.path()) == of)
            add_descendants(std::stoi(name), into);
    }
}

} // namespace

rabbitmq_server::rabbitmq_server() : user_(::geteuid() == 0 ? "rabbitmq" : "") {
    {
        const std::array<loopback_socket, 3> free{}; // together, so that the ports differ
        port_ = free[0].bind_free();
        node_port_ = free[1].bind_free();
        mapper_port_ = free[2].bind_free();
    }
    if (!user_.empty()) {
        const passwd* const known = ::getpwnam(user_.c_str()); // NOLINT(concurrency-mt-unsafe)
        if (!known || ::chown(files_.path().c_str(), known->pw_uid, known->pw_gid) != 0)
            throw std::runtime_error("there is no user rabbitmq: is the package rabbitmq-server installed?");
    }
    write_settings();
    start();
}

rabbitmq_server::~rabbitmq_server() {
    if (process_) kill();
}

void rabbitmq_server::write_settings() const {
    files_.put("rabbitmq.conf", "listeners.tcp.1 = 127.0.0.1:" + std::to_string(port_) +
                                    "\ndisk_free_limit.absolute = 50MB\nvm_memory_high_watermark.absolute = 512MB\n"
                                    "log.file.level = warning\n");
    files_.put("enabled_plugins", "[].\n");
}

std::vector<std::string> rabbitmq_server::environment() const {
    return {
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL=C.UTF-8",
        "HOME=" + files_.path().string(),
        "RABBITMQ_NODENAME=weir" + std::to_string(port_) + "@localhost",
        "RABBITMQ_CONFIG_FILE=" + (files_ / "rabbitmq.conf"),
        "RABBITMQ_MNESIA_BASE=" + (files_ / "data"),
        "RABBITMQ_LOG_BASE=" + (files_ / "log"),
        "RABBITMQ_PID_FILE=" + (files_ / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE=" + (files_ / "enabled_plugins"),
        "RABBITMQ_DIST_PORT=" + std::to_string(node_port_),
        "RABBITMQ_CONF_ENV_FILE=/dev/null",
        "ERL_EPMD_PORT=" + std::to_string(mapper_port_),
        "ERL_EPMD_ADDRESS=127.0.0.1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none"};
}

// Killed with the test if the test is killed: setpriv preserves this across the change of user.
std::unique_ptr<child_process> rabbitmq_server::begin(
    const std::string& program, const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{"--pdeathsig=KILL"};
    if (!user_.empty()) all.insert(all.end(), {"--reuid=" + user_, "--regid=" + user_, "--clear-groups"});
    all.insert(all.end(), {"--", "/bin/sh", "-c", "cd \"$HOME\" && exec \"$0\" \"$@\" >&2", program});
    all.insert(all.end(), arguments.begin(), arguments.end());
    return std::make_unique<child_process>("/usr/bin/setpriv", std::move(all), environment());
}

void rabbitmq_server::start() {
    if (!mapper_) mapper_ = begin("/usr/bin/epmd", {});
    process_ = begin(std::string(programs) + "rabbitmq-server", {});
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!accepts(port_)) {
        if (!process_->running() || std::chrono::steady_clock::now() > end)
            throw std::runtime_error("RabbitMQ doesn't start: " + process_->errors());
        std::this_thread::sleep_for(100ms);
    }
}

std::vector<pid_t> rabbitmq_server::processes() const {
    std::vector<pid_t> all;
    add_descendants(process_->pid(), all);
    return all;
}

void rabbitmq_server::signal_all(int number) const {
    for (const pid_t one : processes()) ::kill(one, number);
}

void rabbitmq_server::kill() {
    signal_all(SIGSTOP); // so that none starts another
    signal_all(SIGKILL);
    process_->wait(patience);
    process_.reset();
}

void rabbitmq_server::freeze() { signal_all(SIGSTOP); }

void rabbitmq_server::thaw() { signal_all(SIGCONT); }

std::string rabbitmq_server::control(const std::vector<std::string>& arguments) const {
    const auto process = begin(std::string(programs) + "rabbitmqctl", arguments);
    const bool succeeded = process->wait(patience) == 0;
    if (!succeeded) throw std::runtime_error("rabbitmqctl " + arguments.front() + ": " + process->errors());
    return process->errors();
}

rabbitmq_server& shared_rabbitmq() {
    static rabbitmq_server one;
    return one;
}

} // namespace test_support
