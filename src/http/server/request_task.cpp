// SPDX-License-Identifier: MIT
#include "http/server/request_task.hpp"

#include "http/message/response_tail.hpp"
#include "http/server/session.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

namespace weir::http::detail {

namespace asio = boost::asio;

namespace {

constexpr int client_closed_request = 499; // for the layers, as in nginx's log; never sent

// Copies a string to `at`, which then points behind the copy.
std::string_view copy_to(std::string_view text, char*& at) noexcept {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    return {std::exchange(at, at + text.size()), text.size()};
}

} // namespace

void request_task::adopt(const detail::route& route, const request& source, const head_outline& head,
                         time_point deadline) {
    context_.reset();
    context_.set_deadline(deadline);
    response_.clear();
    stream_.reset();
    streaming_ = whole_ = false;
    admission_.reset();
    route_ = &route;
    copy(source, head);
    request_access::set_running(request_, *this);
}

// Copies the head and the body into one block that is no larger than needed. The fields come first, as they need
// alignment.
void request_task::copy(const request& source, const head_outline& head) {
    static_assert(std::is_trivially_copyable_v<head_field> && alignof(head_field) <= alignof(std::max_align_t));
    const std::size_t fields = head.field_count * sizeof(head_field);
    const std::size_t size = fields + head.size + source.body().size() + source.remote_address().size();
    if (block_size_ < size) {
        block_.reset(new std::byte[size]);
        block_size_ = size;
    }
    if (fields != 0) std::memcpy(block_.get(), request_access::fields(source), fields);
    head_ = head;
    char* at = reinterpret_cast<char*>(block_.get()) + fields;
    const auto bytes = copy_to({request_access::bytes(source), head.size}, at);
    const head_place place{bytes.data(), &head_, reinterpret_cast<const head_field*>(block_.get())};
    request_access::move_to(request_, source, place, context_);
    request_access::set_body(request_, copy_to(source.body(), at));
    request_access::set_remote(request_, copy_to(source.remote_address(), at));
}

bool request_task::admit() {
    const entered_layers entered = enter_by_head(*route_, request_, response_);
    if (entered.stop == entered_layers::next_stop::nothing) {
        leave_layers(*route_, 0, entered, request_, response_);
        return false;
    }
    admission_ = std::make_unique<admission>(admission{entered.passed});
    return true;
}

void request_task::complete(std::string body, time_point deadline) {
    admission_->body = std::move(body);
    request_access::set_body(request_, admission_->body);
    context_.set_deadline(deadline);
}

entered_layers request_task::enter() {
    return enter_layers(*route_, admission_ ? admission_->layers : 0, request_, response_);
}

bool request_task::produce(body_form form) {
    streaming_ = true;
    context_.set_deadline(time_point::max());
    stream().begin(form, announced_size(*response_.tail));
    return run(job::produce);
}

bool request_task::run(job next) {
    if (!spawned_) spawn();
    job_ = next;
    starting_ = ready_ = true;
    changed_.wake();
    starting_ = false;
    return !busy();
}

// The coroutine suspends at once, waiting for its first job: every holder of the context until then is its own. Spawned
// here and not by the loop, which would allocate a signal that lasts until a cancellation has arrived: `cancel_` does.
void request_task::spawn() {
    spawned_ = true;
    auto self = shared_from_this();
    auto ended = [self](std::exception_ptr failed) {
        if (failed && self->owner_) self->owner_->task_failed();
    };
    asio::co_spawn(
        home_.get_executor(context_), run_jobs(self), asio::bind_cancellation_slot(cancel_.slot(), std::move(ended)));
    own_holders_ = context_.holders();
}

body_stream& request_task::stream() {
    if (!stream_) stream_ = std::make_unique<body_stream>(owner_);
    return *stream_;
}

void request_task::input_came() {
    if (stream_) stream_->input_came();
}

void request_task::output_left() {
    if (stream_) stream_->output_left();
}

void request_task::cancel() {
    if (!busy() || cancelled_) return;
    cancelled_ = true;
    const auto self = shared_from_this();
    if (stream_) stream_->stopping();
    cancel_.emit(asio::cancellation_type::total);
    asio::post(home_.io(), [self] {}); // Asio may hand it on in a turn of its own, by a pointer into the signal
}

void request_task::orphan() {
    owner_ = nullptr;
    if (stream_) stream_->orphan();
    cancel();
    release();
}

void request_task::release() {
    const auto self = shared_from_this();
    if (stop_) return;
    stop_ = true;
    if (!busy()) context_.set_deadline(time_point::max());
    context_.keep_while_held(self);
    changed_.wake();
}

task<void> request_task::run_jobs(std::shared_ptr<request_task> self) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
    for (;;) {
        while (!self->ready_ && !self->stop_) co_await self->changed_.wait_uninterrupted();
        if (!self->ready_) co_return;
        self->ready_ = false;
        if (self->job_ == job::produce) {
            co_await self->produce_tail();
        } else {
            // The usual case is awaited here and not in run_rest: Asio recycles the memory of two frames only, and the
            // handler's need both.
            const detail::route& route = *self->route_;
            const entered_layers entered = self->enter();
            if (entered.stop == entered_layers::next_stop::handler && route.target.coroutine) {
                try {
                    co_await route.target.coroutine(self->request_, self->response_);
                } catch (...) {
                    answer_thrown(self->response_);
                }
            } else {
                co_await run_rest(route, entered, self->request_, self->response_);
            }
            leave_layers(route, 0, entered, self->request_, self->response_);
        }
        self->finished();
    }
}

task<void> request_task::produce_tail() {
    bool whole = false;
    try {
        whole = co_await write_tail();
    } catch (...) {
        response_.failure = current_error();
    }
    whole_ = stream_->finish(whole);
}

task<bool> request_task::write_tail() {
    if (auto* const other = std::get_if<upgrade>(&response_.tail->kind)) co_return co_await other->run(*this);
    auto& body = std::get<streamed_body>(response_.tail->kind);
    body_writer out(*this);
    const auto written = co_await body.source(out);
    if (written) co_return true;
    response_.failure = written.error();
    co_return (body.endless && cancelled_); // a stopping server ends an event stream in order
}

// The request's deadline no longer applies to the tasks that it spawned.
void request_task::finished() {
    job_ = job::none;
    context_.set_deadline(time_point::max());
    if (!starting_) report();
}

void request_task::report() {
    if (abandoned_) return;
    if (owner_) return owner_->task_finished();
    if (!streaming_) response_.status = client_closed_request;
    const duration took = home_.clock().now() - request_.started();
    run_done(*route_, request_, response_, http::exchange_summary{took, streamed(), true});
}

} // namespace weir::http::detail
