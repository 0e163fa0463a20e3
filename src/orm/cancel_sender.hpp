// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/clock.hpp>

#include <memory>
#include <string>

namespace weir::orm {

// Asks a server to end the statement that one connection runs. Made with the connection.
class cancel_request {
public:
    cancel_request() = default;
    cancel_request(const cancel_request&) = delete;
    cancel_request& operator=(const cancel_request&) = delete;
    virtual ~cancel_request() = default;

    // Blocks until the server has the request, or can't be reached. On the sender's thread.
    virtual void send() noexcept = 0;

private:
    friend class cancel_sender;

    // Guarded by the sender.
    std::shared_ptr<cancel_request> next_{};
    bool under_way_ = false;
};

// Sends the cancel requests of a database's connections one after the other, on a thread of its own: a driver's
// request blocks, and libpq's without a limit where a server accepts it and doesn't answer. Thread-safe.
class cancel_sender {
public:
    // The thread starts with the first request; the system shows 15 characters of its name.
    explicit cancel_sender(std::string thread_name);
    // Waits a moment for a request that is under way. One that takes longer keeps the thread, and nothing else.
    ~cancel_sender();
    cancel_sender(const cancel_sender&) = delete;
    cancel_sender& operator=(const cancel_sender&) = delete;

    // Sends the request as soon as those before it are sent; does nothing while it is under way already. Needs no
    // memory but for the thread; false when none can be had.
    bool post(const std::shared_ptr<cancel_request>& request) noexcept;

    bool under_way(const cancel_request& request) const noexcept;
    // Blocks until the request isn't under way; false when that takes longer.
    bool wait_sent(const cancel_request& request, duration within) noexcept;

private:
    struct state;

    std::string thread_name_;
    std::shared_ptr<state> state_;
};

} // namespace weir::orm
