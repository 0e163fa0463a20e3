// SPDX-License-Identifier: MIT
#include "http/pipeline.hpp"

#include <weir/core/error.hpp>

#include <cstdio>

namespace weir::http {

namespace detail {

namespace {

// What a client may see of the exception in flight: an error that was thrown on purpose as it is,
// anything else as a bare 500 whose cause is for the log.
error shown_error() {
    try {
        throw;
    } catch (const error_exception& thrown) {
        return thrown.failure();
    } catch (const std::bad_alloc&) {
        return error(errc::unavailable, "out of memory");
    } catch (...) {
        return error(errc::internal).caused_by(current_error());
    }
}

void answer_thrown(response& out) {
    out.clear();
    into_response(shown_error(), out);
}

// The one place where exceptions of handlers and layers end.
template<class F>
void guarded(response& out, F&& f) {
    try {
        f();
    } catch (...) {
        answer_thrown(out);
    }
}

bool admits(const middleware& layer, request& req, response& out) {
    if (!layer.before) return true;
    bool admitted = false;
    guarded(out, [&] {
        const auto verdict = layer.before(req);
        admitted = verdict.has_value();
        if (!admitted) into_response(verdict.error(), out);
    });
    return admitted;
}

void run_after(const route& route, std::size_t from, std::size_t to, request& req, response& out) {
    for (std::size_t i = to; i-- > from;)
        if (route.layers[i]->after) guarded(out, [&] { route.layers[i]->after(req, out); });
}

} // namespace

void run_plain(const route& route, request& req, response& out) {
    std::size_t passed = 0;
    while (passed < route.layers.size() && admits(*route.layers[passed], req, out)) ++passed;
    if (passed == route.layers.size()) guarded(out, [&] { route.target.plain(req, out); });
    run_after(route, 0, passed, req, out);
}

// One frame for the layers and the handler's call together: each awaits inside its own try block here.
task<void> run_coroutine(const route& route, std::size_t step, request& req, response& out) {
    std::size_t passed = step;
    bool answered = false;
    for (; passed < route.layers.size() && !answered; ++passed) {
        const middleware& layer = *route.layers[passed];
        if (!admits(layer, req, out)) {
            answered = true;
            break;
        }
        if (!layer.around) continue;
        answered = true;
        try {
            out = co_await layer.around(req, next(route, passed + 1));
        } catch (...) {
            answer_thrown(out);
        }
    }
    if (!answered && route.target.plain) guarded(out, [&] { route.target.plain(req, out); });
    if (!answered && route.target.coroutine) {
        try {
            co_await route.target.coroutine(req, out);
        } catch (...) {
            answer_thrown(out);
        }
    }
    run_after(route, step, passed, req, out);
}

namespace {

// A layer's `done` has thrown: the request is answered, so this is for whoever keeps the log.
void report_lost(const route& route, const request& req, const error& lost) noexcept {
    bool heard = false;
    for (const auto& layer : route.layers) {
        if (!layer->done_failed) continue;
        try {
            layer->done_failed(req, lost);
            heard = true;
        } catch (...) { // not heard, then
        }
    }
    const std::string_view why = lost.message();
    if (!heard) std::fprintf(stderr, "weir: a middleware's done: %.*s\n", static_cast<int>(why.size()), why.data());
}

} // namespace

void run_done(const route& route, const request& req, const response& out, const exchange& end) {
    if (!route.has_done) return;
    for (std::size_t i = route.layers.size(); i-- > 0;) {
        if (!route.layers[i]->done) continue;
        try {
            route.layers[i]->done(req, out, end);
        } catch (...) {
            report_lost(route, req, current_error());
        }
    }
}

} // namespace detail

task<response> next::operator()(request& req) const {
    response out;
    co_await detail::run_coroutine(*route_, step_, req, out);
    co_return out;
}

} // namespace weir::http
