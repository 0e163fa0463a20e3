// SPDX-License-Identifier: MIT
#include "http/exchange.hpp"

#include "http/session.hpp"

#include <boost/asio/async_result.hpp>

#include <cstddef>
#include <cstring>
#include <type_traits>

namespace weir::http::detail {

namespace asio = boost::asio;

namespace {

constexpr int client_closed_request = 499; // as nginx logs it; never sent

// Of the fields only those that are there: the array has room for a hundred.
void copy_head(const request_head& from, request_head& to) {
    static_assert(std::is_trivially_copyable_v<request_head>);
    std::memcpy(static_cast<void*>(&to), &from, offsetof(request_head, fields) + from.field_count * sizeof(head_field));
}

} // namespace

bool running_exchange::start(const detail::route& route, const request& source, const request_head& head,
                             time_point deadline) {
    adopt(source, head);
    route_ = &route;
    context_.set_deadline(deadline);
    busy_ = starting_ = ready_ = true;
    if (spawned_) {
        wake();
    } else {
        spawned_ = true;
        auto self = shared_from_this();
        home_.spawn(mailbox(self), context_, cancel_, [self](std::exception_ptr failed) {
            if (failed && self->owner_) self->owner_->exchange_broke();
        });
    }
    starting_ = false;
    return !busy_;
}

void running_exchange::adopt(const request& source, const request_head& head) {
    context_.reset();
    response_.clear();
    copy_head(head, head_);
    block_.assign(request_access::bytes(source), head.size);
    block_.append(source.body()).append(source.remote_address());
    const auto whole = std::string_view(block_);
    const std::size_t body_end = head.size + source.body().size();
    request_access::move_to(request_, source, block_.data(), head_, context_);
    request_access::set_body(request_, whole.substr(head.size, body_end - head.size));
    request_access::set_remote(request_, whole.substr(body_end));
}

void running_exchange::orphan() {
    owner_ = nullptr;
    if (busy_ && !cancelled_) {
        cancelled_ = true;
        cancel();
    }
    release();
}

void running_exchange::release() {
    stop_ = true;
    wake();
}

void running_exchange::wake() {
    if (waiting_) waiting_.resume();
}

// Suspends the mailbox until the next request or its release.
task<void> running_exchange::letter() {
    auto start = [this](auto handler) { waiting_.store(std::move(handler)); };
    return asio::async_initiate<const asio::use_awaitable_t<executor>, void()>(start, use_task);
}

task<void> running_exchange::mailbox(std::shared_ptr<running_exchange> self) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
    for (;;) {
        while (!self->ready_ && !self->stop_) co_await self->letter();
        if (!self->ready_) co_return;
        self->ready_ = false;
        co_await run_coroutine(*self->route_, 0, self->request_, self->response_);
        self->finished();
    }
}

void running_exchange::finished() {
    busy_ = false;
    if (!starting_) report();
}

void running_exchange::report() {
    if (abandoned_) return;
    if (owner_) return owner_->exchange_finished();
    response_.status = client_closed_request;
    const duration took = home_.clock().now() - request_.started();
    run_done(*route_, request_, response_, exchange{took, 0, true});
}

} // namespace weir::http::detail
