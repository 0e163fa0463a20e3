// SPDX-License-Identifier: MIT
#pragma once

#include "core/event.hpp"
#include "http/routing/pipeline.hpp"
#include "http/server/body_stream.hpp"
#include "http/wire/head_parser.hpp"
#include <weir/core/loop.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace weir::http::detail {

class session;

/// Runs a connection's requests as coroutines, one after the other: owns the current request with its bytes, its
/// context and its response, and one coroutine that runs the handler or streams the response's body. A session creates
/// it for its first such request; the coroutine keeps it alive until the handler has ended. Belongs to one loop.
class request_task : public std::enable_shared_from_this<request_task> {
public:
    request_task(weir::loop& home, session& owner) : home_(home), context_(home), owner_(&owner) {}

    /// Copies the request with its head and body, and starts over with an empty response.
    void adopt(const route& route, const request& source, const head_outline& head, time_point deadline);
    /// Takes over a plain handler's context and its response, whose tail is to be streamed.
    void adopt(weir::context& its, response made) {
        context_.take(its);
        response_ = std::move(made);
    }

    /// Runs the layers that need the head only, before the body arrives; false when one refused the request.
    bool admit();
    /// Adds the body to an admitted request, and sets the handler's deadline.
    void complete(std::string body, time_point deadline);
    /// Runs the handler; true when it has ended already.
    bool handle() { return run(job::handle); }
    /// Streams the response's tail behind the head that was rendered; true when it has ended already.
    bool produce(body_form form);

    /// Cancels the current job, which may take time to end.
    void cancel();
    /// Detaches the session, which is ending: cancels the current job and drops its response.
    void orphan();
    /// Ends the coroutine once its job has ended. The object then lives until the last task spawned from one of its
    /// requests has ended.
    void release();
    /// Whether a task spawned from one of its requests may still use the context.
    bool is_shared() const noexcept { return context_.holders() > own_holders_; }

    /// The session answers in place of the handler (504), whose response is dropped.
    void abandon() noexcept { abandoned_ = true; }
    /// Reports the end of the job to the session, or to the layers when the session is gone.
    void report();
    bool busy() const noexcept { return job_ != job::none; }

    request& req() noexcept { return request_; }
    response& res() noexcept { return response_; }
    const head_outline& head() const noexcept { return head_; }
    const detail::route& matched() const noexcept { return *route_; }
    weir::context& context() noexcept { return context_; }
    weir::loop& home() noexcept { return home_; }

    /// The streams of both bodies, created by the first call.
    body_stream& stream();
    bool awaits_body() const noexcept { return stream_ && stream_->reading(); }
    void input_came();
    void output_left();
    /// Bytes of the streamed body that were sent.
    std::uint64_t streamed() const noexcept { return stream_ ? stream_->sent() : 0; }
    /// Whether the streamed body was sent to its end.
    bool whole() const noexcept { return whole_; }
    bool cancelled() const noexcept { return cancelled_; }
    session* owner() const noexcept { return owner_; }

private:
    enum class job : std::uint8_t { none, handle, produce };

    // The number of layers that admitted the head, which may keep views of its bytes, and the body that came later.
    struct admission {
        std::size_t layers;
        std::string body{};
    };

    void copy(const request& source, const head_outline& head);
    entered_layers enter();
    static task<void> run_jobs(std::shared_ptr<request_task> self);
    task<void> produce_tail();
    task<bool> write_tail();
    bool run(job next);
    void spawn();
    void finished();

    weir::loop& home_;
    weir::context context_;
    session* owner_; // null once the connection is gone
    const detail::route* route_ = nullptr;
    head_outline head_;
    std::unique_ptr<std::byte[]> block_; // the request's fields, its head and body, the peer's address
    std::size_t block_size_ = 0;
    std::unique_ptr<admission> admission_; // null unless the layers ran before the body came
    request request_;
    response response_;
    boost::asio::cancellation_signal cancel_;
    weir::detail::event changed_; // ready_ or stop_
    std::unique_ptr<body_stream> stream_;
    std::size_t own_holders_ = 0; // of the context, by the coroutine itself
    job job_ = job::none;
    bool spawned_ = false;
    bool ready_ = false;     // job_ has not begun
    bool stop_ = false;      // the coroutine ends after its job
    bool starting_ = false;  // within run(), whose result says that the job has ended
    bool abandoned_ = false; // the response is dropped
    bool cancelled_ = false;
    bool streaming_ = false; // the response's head has been sent
    bool whole_ = false;
};

} // namespace weir::http::detail
