// SPDX-License-Identifier: MIT
#pragma once

#include "support/socket.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace weir::bench {

using steady = std::chrono::steady_clock;

/// Returns the status of a complete response in `bytes`, or 0 if it is incomplete. Throws std::runtime_error for a
/// response without a Content-Length.
int whole_response(std::string_view bytes);

struct open_loop_options {
    std::uint16_t port = 0;
    double per_second = 0; ///< rate of a Poisson process
    std::uint64_t seed = 1;
    steady::duration warmup{};                                     ///< not counted
    steady::duration measured{};                                   ///< after the warm-up
    steady::duration patience = std::chrono::seconds(1);           ///< later responses count as lost
    bool reconnects = false;                                       ///< a new connection per request
    steady::duration probe_every = std::chrono::milliseconds(100); ///< GET /healthz, each on a new connection
};

struct probe_figures {
    std::size_t asked = 0;
    std::size_t lost = 0; ///< no 200 within the patience
    steady::duration slowest{};
};

struct open_loop_figures {
    std::size_t due = 0;
    std::size_t good = 0;                      ///< 200 in time
    std::size_t refused = 0;                   ///< 503 in time
    std::size_t lost = 0;                      ///< neither
    std::vector<steady::duration> latencies{}; ///< of the good ones, and the patience for lost ones; ascending
    steady::duration slowest_start{};          ///< the greatest delay before sending, caused by the client itself
    probe_figures probes{};
};

/// Sends each request when it is due, regardless of earlier ones, on as many connections as needed; latency counts from
/// the due time. A connection whose response is late is closed.
class open_loop {
public:
    explicit open_loop(const open_loop_options& options);
    ~open_loop();

    /// Call once. Throws std::runtime_error if no server listens.
    open_loop_figures run();

private:
    struct exchange;

    void send_due(steady::time_point now);
    void send_probe(steady::time_point now);
    exchange& start(std::string_view request, steady::time_point due);
    void begin(exchange& one, std::string_view request, steady::time_point due);
    void send(exchange& one);
    void receive(exchange& one);
    void end(exchange& one, int status, steady::time_point now);
    void expire(steady::time_point now);
    void wait(steady::time_point now);
    void drop_dead();
    steady::duration next_gap();

    const open_loop_options options_;
    std::mt19937_64 random_;
    descriptor epoll_;
    steady::time_point counted_from_;
    steady::time_point counted_to_;
    steady::time_point next_due_;
    steady::time_point next_probe_;
    std::vector<std::unique_ptr<exchange>> all_;
    std::vector<exchange*> idle_;
    std::deque<std::pair<std::uint64_t, exchange*>> running_; // in due order
    std::uint64_t last_number_ = 0;
    std::vector<char> buffer_;
    open_loop_figures figures_;
};

} // namespace weir::bench
