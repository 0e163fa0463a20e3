// SPDX-License-Identifier: MIT
#pragma once

#include "core/resume_slot.hpp"
#include "http/head_parser.hpp"
#include "http/pipeline.hpp"
#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <memory>
#include <string>

namespace weir::http::detail {

class session;

/// A connection's coroutine side: the request being handled with the bytes it points into, its context
/// and response, and the mailbox coroutine that runs its handlers one after the other. Made at the
/// connection's first coroutine request, kept alive by the mailbox until the handler has really ended.
class running_exchange : public std::enable_shared_from_this<running_exchange> {
public:
    running_exchange(weir::loop& home, session& owner) : home_(home), context_(home), owner_(&owner) {}

    /// Takes over the request's head and body and starts its handler; true when it has ended already.
    bool start(const route& route, const request& source, const request_head& head, time_point deadline);

    /// Ends the handler's wait; it ends in its own time.
    void cancel() { cancel_.emit(boost::asio::cancellation_type::total); }
    /// The connection is gone: the handler is cancelled, nobody asks for its response.
    void orphan();
    /// The connection is idle: lets the mailbox go.
    void release();

    /// The answer was given by somebody else (504); what the handler brings is dropped.
    void abandon() noexcept { abandoned_ = true; }
    /// Tells the connection that the handler has ended, or the layers when there is none any more.
    void report();
    bool busy() const noexcept { return busy_; }

    const request& req() const noexcept { return request_; }
    const response& res() const noexcept { return response_; }
    const request_head& head() const noexcept { return head_; }
    const detail::route& matched() const noexcept { return *route_; }

private:
    static task<void> mailbox(std::shared_ptr<running_exchange> self);
    task<void> letter();
    void wake();
    void finished();
    void adopt(const request& source, const request_head& head);

    weir::loop& home_;
    weir::context context_;
    session* owner_;
    const detail::route* route_ = nullptr;
    request_head head_;
    std::string block_; // the request's own bytes: head, body, the peer's address
    request request_;
    response response_;
    boost::asio::cancellation_signal cancel_;
    weir::detail::resume_slot waiting_;
    bool spawned_ = false;
    bool ready_ = false;
    bool stop_ = false;
    bool busy_ = false;
    bool starting_ = false;
    bool abandoned_ = false;
    bool cancelled_ = false;
};

} // namespace weir::http::detail
