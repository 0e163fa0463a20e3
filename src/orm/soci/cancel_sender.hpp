// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <memory>
#include <string>

namespace weir::orm {

// Asks a server to end the statement of one connection. Created with the connection.
class cancel_request {
public:
    cancel_request() = default;
    cancel_request(const cancel_request&) = delete;
    cancel_request& operator=(const cancel_request&) = delete;
    virtual ~cancel_request() = default;

    // Blocks until the server has received the request or can't be reached. Called on the sender's thread.
    virtual void send() noexcept = 0;

private:
    friend class cancel_sender;

    // Guarded by the sender's mutex.
    std::shared_ptr<cancel_request> next_{};
    bool under_way_ = false;
};

// Sends the cancel requests of a database's connections one after the other, on its own thread: a driver's request
// blocks, libpq's without a limit if a server accepts the connection but doesn't answer. Thread-safe.
class cancel_sender {
public:
    // The thread starts with the first request; the kernel keeps 15 characters of its name.
    explicit cancel_sender(std::string thread_name);
    // Waits briefly for a request under way. A slower one keeps only its thread alive.
    ~cancel_sender();
    cancel_sender(const cancel_sender&) = delete;
    cancel_sender& operator=(const cancel_sender&) = delete;

    // Queues the request; no effect while it is already under way. Allocates only for the thread; false if that can't
    // be started.
    bool post(const std::shared_ptr<cancel_request>& request) noexcept;

    bool under_way(const cancel_request& request) const noexcept;
    // Blocks until the request isn't under way; false on timeout.
    bool wait_sent(const cancel_request& request, duration within) noexcept;

private:
    struct state;

    std::string thread_name_;
    std::shared_ptr<state> state_;
};

} // namespace weir::orm
