// SPDX-License-Identifier: MIT
#pragma once

#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace test_support {

/// A redis-server for one test, without persistence, on a free port of 127.0.0.1. The destructor kills it.
class redis_server {
public:
    /// `extra` are lines of its configuration, such as `requirepass secret`.
    explicit redis_server(std::vector<std::string> extra = {});
    redis_server(const redis_server&) = delete;
    redis_server& operator=(const redis_server&) = delete;
    ~redis_server();

    std::uint16_t port() const noexcept { return port_; }
    /// `redis://127.0.0.1:54321` plus the path.
    std::string url(const std::string& path = "") const;

    /// Starts it again after `kill`, empty, on the same port.
    void start();
    void kill();
    /// Stops the process; the kernel keeps acknowledging incoming data.
    void freeze();
    void thaw();
    /// Runs redis-cli on it and returns its output without the last line break; throws if that fails.
    std::string cli(const std::vector<std::string>& command) const;

protected:
    redis_server(std::vector<std::string> extra, bool sentinel);

private:
    temporary_folder files_;
    std::vector<std::string> lines_;
    bool sentinel_;
    std::uint16_t port_;
    std::unique_ptr<child_process> process_;
};

/// A process of Redis Sentinel that watches a master by the name `main`.
class redis_sentinel final : public redis_server {
public:
    redis_sentinel(const redis_server& master, int quorum);
};

/// A master, its replica and three sentinels.
class sentinel_set {
public:
    sentinel_set();

    /// `redis+sentinel://127.0.0.1:1,127.0.0.1:2,127.0.0.1:3/main`
    std::string url() const;

    redis_server master;
    redis_server replica;
    std::vector<std::unique_ptr<redis_sentinel>> sentinels;
};

/// A cluster of three masters without replicas.
class redis_cluster {
public:
    redis_cluster();

    /// `redis+cluster://127.0.0.1:1`
    std::string url() const;
    redis_server& operator[](std::size_t i) { return *nodes_[i]; }
    /// The index of the node that serves a slot.
    std::size_t node_of(int slot) const;
    /// Moves a slot with its keys from one node to another.
    void move(int slot, std::size_t from, std::size_t to);

private:
    std::vector<std::unique_ptr<redis_server>> nodes_;
};

} // namespace test_support
