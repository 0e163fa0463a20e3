// SPDX-License-Identifier: MIT
#pragma once

#include "core/resume_slot.hpp"
#include "http/exchange_stream.hpp"
#include "http/head_parser.hpp"
#include "http/pipeline.hpp"
#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace weir::http::detail {

class session;

/// A connection's coroutine side: the request being handled with the bytes it points into, its context
/// and response, and the mailbox coroutine that runs its handlers one after the other, and what they leave
/// to be streamed. Made at the connection's first coroutine request, kept alive by the mailbox until the
/// handler has really ended.
class running_exchange : public std::enable_shared_from_this<running_exchange> {
public:
    running_exchange(weir::loop& home, session& owner) : home_(home), context_(home), owner_(&owner) {}

    /// Takes over the request's head and body.
    void adopt(const route& route, const request& source, const head_outline& head, time_point deadline);
    /// Takes over what a plain handler leaves, for the sake of its response's tail.
    void adopt(weir::context& its, response made) {
        context_.take(its);
        response_ = std::move(made);
    }

    /// Runs the layers that go by the head, before the body has come; false when one has refused.
    bool admit();
    /// The body of a request that was admitted, and the handler's deadline.
    void complete(std::string body, time_point deadline);
    /// Runs the handler; true when it has ended already.
    bool handle() { return run(job::handle); }
    /// Runs the response's tail, whose head is on its way; true when it has ended already.
    bool produce(body_form form);

    /// Ends the handler's wait; it ends in its own time.
    void cancel();
    /// The connection is gone: the handler is cancelled, nobody asks for its response.
    void orphan();
    /// The connection doesn't need it any more: lets the mailbox go, and leaves the rest to the tasks that were spawned
    /// from its requests.
    void release();
    /// Whether such a task may still see its context.
    bool is_shared() const noexcept { return context_.holders() > own_holders_; }

    /// The answer was given by somebody else (504); what the handler brings is dropped.
    void abandon() noexcept { abandoned_ = true; }
    /// Tells the connection that the job has ended, or the layers when there is none any more.
    void report();
    bool busy() const noexcept { return job_ != job::none; }

    request& req() noexcept { return request_; }
    response& res() noexcept { return response_; }
    const head_outline& head() const noexcept { return head_; }
    const detail::route& matched() const noexcept { return *route_; }
    weir::context& context() noexcept { return context_; }
    weir::loop& home() noexcept { return home_; }

    /// Made when it is first needed.
    exchange_stream& stream();
    bool awaits_body() const noexcept { return stream_ && stream_->reading(); }
    void input_came();
    void output_left();
    /// Bytes of the streamed body, and whether it came to its end.
    std::uint64_t streamed() const noexcept { return stream_ ? stream_->sent() : 0; }
    bool whole() const noexcept { return whole_; }
    bool cancelled() const noexcept { return cancelled_; }
    session* owner() const noexcept { return owner_; }

private:
    enum class job : std::uint8_t { none, handle, produce };

    // How many layers have let the head in, whose bytes they may point to, and the body that came then.
    struct admission {
        std::size_t layers;
        std::string body{};
    };

    void copy(const request& source, const head_outline& head);
    entered_layers enter();
    static task<void> mailbox(std::shared_ptr<running_exchange> self);
    task<void> letter();
    task<void> produce_tail();
    task<bool> write_tail();
    bool run(job next);
    void spawn();
    void wake();
    void finished();

    weir::loop& home_;
    weir::context context_;
    session* owner_;
    const detail::route* route_ = nullptr;
    head_outline head_;
    std::unique_ptr<std::byte[]> block_;   // the request's own: its fields, its bytes, the peer's address
    std::size_t room_ = 0;                 // in the block
    std::unique_ptr<admission> admission_; // null unless the body came after it
    request request_;
    response response_;
    boost::asio::cancellation_signal cancel_;
    weir::detail::resume_slot waiting_;
    std::unique_ptr<exchange_stream> stream_;
    std::size_t own_holders_ = 0; // the mailbox's
    job job_ = job::none;
    bool spawned_ = false;
    bool ready_ = false;
    bool stop_ = false;
    bool starting_ = false;
    bool abandoned_ = false;
    bool cancelled_ = false;
    bool streaming_ = false; // the response's head has been sent
    bool whole_ = false;
};

} // namespace weir::http::detail
