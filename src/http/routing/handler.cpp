// SPDX-License-Identifier: MIT
#include <weir/http/detail/handler.hpp>

#include <memory>

namespace weir::http::detail {

namespace {

task<void> nothing_more() { co_return; }

} // namespace

handler plain_handler(void* kept, void (*destroy)(void*), void (*call)(void*, request&, response&)) {
    handler made;
    made.plain = [owned = std::shared_ptr<void>(kept, destroy), call](request& req, response& out) {
        call(owned.get(), req, out);
    };
    return made;
}

handler coroutine_handler(void* kept, void (*destroy)(void*), task<void> (*call)(void*, request&, response&)) {
    handler made;
    made.coroutine = [owned = std::shared_ptr<void>(kept, destroy), call](request& req, response& out) {
        return call(owned.get(), req, out);
    };
    return made;
}

template<>
task<void> answer(task<void> running, response& out) {
    co_await std::move(running);
    out.status = 204;
}

template<>
task<void> answer(task<result<void>> running, response& out) {
    auto outcome = co_await std::move(running);
    into_response(std::move(outcome), out);
}

task<void> refuse(const error& refused, response& out) {
    into_response(refused, out);
    return nothing_more();
}

} // namespace weir::http::detail
