// SPDX-License-Identifier: MIT
#include "support/redis_server.hpp"

#include "support/free_port.hpp"

#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace test_support {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;
constexpr std::uint16_t highest_port = 55'000; // a cluster's node also uses its port plus 10,000
const std::vector<std::string> environment{"PATH=/usr/bin:/bin", "LC_ALL=C"};

std::uint16_t port_of_a_server() {
    for (;;)
        if (const std::uint16_t port = free_port(); port < highest_port) return port;
}

std::string number(std::uint16_t port) { return std::to_string(port); }

template<class Condition>
void wait_for(const char* what, Condition holds) {
    const auto give_up_at = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > give_up_at) throw std::runtime_error(what);
        std::this_thread::sleep_for(10ms);
    }
}

} // namespace

redis_server::redis_server(std::vector<std::string> extra) : redis_server(std::move(extra), false) {}

redis_server::redis_server(std::vector<std::string> extra, bool sentinel)
    : lines_(std::move(extra)), sentinel_(sentinel), port_(port_of_a_server()) {
    start();
}

redis_server::~redis_server() = default;

std::string redis_server::url(const std::string& path) const { return "redis://127.0.0.1:" + number(port_) + path; }

// Its log goes to stderr, where the last line of a start tells that it is ready.
void redis_server::start() {
    const std::string file = files_ / "redis.conf";
    std::ofstream config(file);
    config << "port " << port_ << "\nbind 127.0.0.1\ndir " << files_.path().string() << "\nlogfile /dev/stderr\n";
    if (!sentinel_) config << "save \"\"\nappendonly no\n";
    for (const std::string& line : lines_) config << line << '\n';
    config.close();
    std::vector<std::string> args{file};
    if (sentinel_) args.emplace_back("--sentinel");
    process_ = std::make_unique<child_process>("/usr/bin/redis-server", std::move(args), environment);
    process_->line_with(sentinel_ ? "+monitor" : "Ready to accept connections", patience);
}

void redis_server::kill() {
    process_->signal(SIGKILL);
    process_->wait(patience);
    process_.reset();
}

void redis_server::freeze() {
    const pid_t pid = process_->pid();
    process_->signal(SIGSTOP);
    wait_for("the server doesn't stand still", [pid] {
        std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
        std::string all;
        std::getline(file, all);
        return all.find(") T ") != std::string::npos;
    });
}

void redis_server::thaw() { process_->signal(SIGCONT); }

std::string redis_server::cli(const std::vector<std::string>& command) const {
    std::vector<std::string> args{"-c", "exec redis-cli \"$@\" >&2", "sh", "-h", "127.0.0.1", "-p", number(port_)};
    args.insert(args.end(), command.begin(), command.end());
    child_process client("/bin/sh", std::move(args), environment);
    const int status = client.wait(patience);
    std::string out = client.errors();
    if (status != 0) throw std::runtime_error("redis-cli: " + out);
    if (out.ends_with('\n')) out.pop_back();
    return out;
}

redis_sentinel::redis_sentinel(const redis_server& master, int quorum)
    : redis_server({"sentinel monitor main 127.0.0.1 " + number(master.port()) + " " + std::to_string(quorum),
                    "sentinel down-after-milliseconds main 1000", "sentinel failover-timeout main 3000"},
                   true) {}

sentinel_set::sentinel_set() : replica({"replicaof 127.0.0.1 " + number(master.port())}) {
    wait_for("the replica doesn't connect", [this] {
        return replica.cli({"INFO", "replication"}).find("master_link_status:up") != std::string::npos;
    });
    for (int i = 0; i < 3; ++i) sentinels.push_back(std::make_unique<redis_sentinel>(master, 2));
    wait_for("the sentinels don't find each other", [this] {
        for (const auto& one : sentinels) {
            const std::string known = one->cli({"SENTINEL", "MASTER", "main"});
            if (known.find("num-other-sentinels\n2\n") == std::string::npos ||
                known.find("num-slaves\n1\n") == std::string::npos)
                return false;
        }
        return true;
    });
}

std::string sentinel_set::url() const {
    std::string text = "redis+sentinel://";
    for (const auto& one : sentinels)
        text += (text.ends_with('/') ? "127.0.0.1:" : ",127.0.0.1:") + number(one->port());
    return text + "/main";
}

redis_cluster::redis_cluster() {
    std::vector<std::string> create{"--cluster", "create"};
    for (int i = 0; i < 3; ++i) {
        nodes_.push_back(std::make_unique<redis_server>(
            std::vector<std::string>{"cluster-enabled yes", "cluster-node-timeout 1000"}));
        create.push_back("127.0.0.1:" + number(nodes_.back()->port()));
    }
    create.insert(create.end(), {"--cluster-replicas", "0", "--cluster-yes"});
    nodes_.front()->cli(create);
    wait_for("the cluster doesn't form", [this] {
        for (const auto& one : nodes_)
            if (one->cli({"CLUSTER", "INFO"}).find("cluster_state:ok") == std::string::npos) return false;
        return true;
    });
}

std::string redis_cluster::url() const { return "redis+cluster://127.0.0.1:" + number(nodes_.front()->port()); }

std::size_t redis_cluster::node_of(int slot) const {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const std::string reply = nodes_[i]->cli({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)});
        const std::string all = nodes_[i]->cli({"CLUSTER", "NODES"});
        const std::size_t me = all.find("myself,");
        std::string line = all.substr(me, all.find('\n', me) - me);
        for (std::size_t at = line.find(" connected "); at != std::string::npos;) {
            int first = 0;
            int last = 0;
            if (std::sscanf(line.c_str() + at, " connected %d-%d", &first, &last) == 2 && slot >= first && slot <= last)
                return i;
            break;
        }
    }
    throw std::runtime_error("no node serves slot " + std::to_string(slot));
}

void redis_cluster::move(int slot, std::size_t from, std::size_t to) {
    const std::string source = nodes_[from]->cli({"CLUSTER", "MYID"});
    const std::string target = nodes_[to]->cli({"CLUSTER", "MYID"});
    const std::string text = std::to_string(slot);
    nodes_[to]->cli({"CLUSTER", "SETSLOT", text, "IMPORTING", source});
    nodes_[from]->cli({"CLUSTER", "SETSLOT", text, "MIGRATING", target});
    for (;;) {
        const std::string key = nodes_[from]->cli({"CLUSTER", "GETKEYSINSLOT", text, "1"});
        if (key.empty()) break;
        nodes_[from]->cli({"MIGRATE", "127.0.0.1", number(nodes_[to]->port()), key, "0", "5000"});
    }
    for (const auto& one : nodes_) one->cli({"CLUSTER", "SETSLOT", text, "NODE", target});
}

} // namespace test_support
