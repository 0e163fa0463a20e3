// SPDX-License-Identifier: MIT
#pragma once

#include "http/client/case_file.hpp"
#include "http/client/response_reader.hpp"
#include "support/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::bench {

/// A closed-loop load on one server: every connection sends `depth` requests at once, waits for all their responses,
/// and repeats. The number of requests is exact, so that two runs can be subtracted.
class load {
public:
    /// Opens the case's connections. Throws std::runtime_error if no server listens.
    load(const load_case& wanted, std::uint16_t port);
    ~load();

    /// Sends exactly `requests` and checks as many responses. Throws std::runtime_error on a wrong response, a
    /// connection that ends early, or 30 s without a response.
    void run(std::size_t requests);

    std::size_t connections() const noexcept { return connections_.size(); }

private:
    struct connection {
        descriptor socket;
        response_reader reader;
        std::size_t outstanding = 0;
    };

    void send_batch(connection& peer);
    void receive(connection& peer);

    const load_case& wanted_;
    descriptor epoll_;
    std::vector<std::unique_ptr<connection>> connections_;
    std::string batch_; // `depth` requests in sequence
    std::vector<char> buffer_;
    std::size_t unsent_ = 0;
    std::size_t unanswered_ = 0;
};

} // namespace weir::bench
