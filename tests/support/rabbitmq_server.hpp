// SPDX-License-Identifier: MIT
#pragma once

#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace test_support {

/// A RabbitMQ broker: its files are in a temporary folder, it listens on free ports of 127.0.0.1 with the user `guest`,
/// and the destructor kills it. It takes 10 to 30 seconds to start, so a program shares one. If the tests run as root,
/// it runs as the user created by its package.
class rabbitmq_server {
public:
    rabbitmq_server();
    ~rabbitmq_server();
    rabbitmq_server(const rabbitmq_server&) = delete;
    rabbitmq_server& operator=(const rabbitmq_server&) = delete;

    std::string host() const { return "127.0.0.1:" + std::to_string(port_); }

    /// Starts it again after `kill`, on the same files; returns when it accepts connections. It ends with the calling
    /// thread.
    void start();
    /// Simulates a power failure.
    void kill();
    /// Stops its processes; the kernel keeps acknowledging incoming data.
    void freeze();
    void thaw();
    /// Runs rabbitmqctl, which takes seconds, and returns its output; throws with it if it fails.
    std::string control(const std::vector<std::string>& arguments) const;

private:
    std::vector<std::string> environment() const;
    std::unique_ptr<child_process> begin(const std::string& program, const std::vector<std::string>& arguments) const;
    void write_settings() const;
    std::vector<pid_t> processes() const;
    void signal_all(int number) const;

    test_support::temporary_folder files_;
    std::string user_; // empty: the user who runs the tests
    std::uint16_t port_;
    std::uint16_t node_port_;
    std::uint16_t mapper_port_; // of epmd, which maps node names to ports
    std::unique_ptr<child_process> mapper_;
    std::unique_ptr<child_process> process_;
};

/// The broker of this test program, started at its first use.
rabbitmq_server& shared_rabbitmq();

} // namespace test_support
