// SPDX-License-Identifier: MIT
#include "http/routing/pipeline.hpp"

#include <weir/core/error.hpp>

#include <cstdio>

namespace weir::http {

namespace detail {

namespace {

// Runs a plain function of a layer or a handler; an exception becomes the response.
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

// Returns how many layers were entered when the one at `place` refused: those whose `after` runs.
std::size_t entered_at_refusal(const middleware& by, std::size_t place) noexcept {
    return by.after_own_refusal ? place + 1 : place;
}

// Runs `after` of the layers in [from, to), innermost first.
void run_afters(const route& route, std::size_t from, std::size_t to, request& req, response& out) {
    const layer_step* const first = route.afters.data();
    for (const layer_step* step = first + route.afters.size(); step != first;) {
        --step;
        if (step->place >= to) continue;
        if (step->place < from) return;
        guarded(out, [&] { step->layer->after(req, out); });
    }
}

// Runs all `before` functions and the handler, none of which suspends; returns how many layers were entered. An
// exception becomes the response, and then only the layers outside its origin run their `after`.
std::size_t run_inwards(const route& route, request& req, response& out) {
    std::size_t at = 0;
    try {
        for (const layer_step& step : route.befores) {
            at = step.place;
            const auto verdict = step.layer->before(req);
            if (verdict) continue;
            into_response(verdict.error(), out);
            return entered_at_refusal(*step.layer, at);
        }
        at = route.layers.size();
        route.target.plain(req, out);
    } catch (...) {
        answer_thrown(out);
    }
    return at;
}

} // namespace

void answer_thrown(response& out) {
    out.clear();
    into_response(current_error(), out);
}

entered_layers enter_layers(const route& route, std::size_t step, request& req, response& out) {
    using stop = entered_layers::next_stop;
    for (std::size_t at = step; at < route.layers.size(); ++at) {
        const middleware& layer = *route.layers[at];
        if (!admits(layer, req, out)) return {entered_at_refusal(layer, at), stop::nothing};
        if (layer.around) return {at, stop::around};
    }
    return {route.layers.size(), stop::handler};
}

entered_layers enter_by_head(const route& route, request& req, response& out) {
    using stop = entered_layers::next_stop;
    std::size_t at = 0;
    for (; at < route.layers.size(); ++at) {
        const middleware& layer = *route.layers[at];
        if (layer.around || (layer.before && !layer.by_head)) break;
        if (!admits(layer, req, out)) return {entered_at_refusal(layer, at), stop::nothing};
    }
    return {at, stop::handler};
}

task<void> run_rest(const route& route, const entered_layers& entered, request& req, response& out) {
    using stop = entered_layers::next_stop;
    try {
        if (entered.stop == stop::around)
            out = co_await route.layers[entered.passed]->around(req, next(route, entered.passed + 1));
        else if (entered.stop == stop::handler && route.target.plain)
            route.target.plain(req, out);
        else if (entered.stop == stop::handler)
            co_await route.target.coroutine(req, out);
    } catch (...) {
        answer_thrown(out);
    }
}

void leave_layers(const route& route, std::size_t step, const entered_layers& entered, request& req, response& out) {
    const bool around = entered.stop == entered_layers::next_stop::around;
    run_afters(route, step, entered.passed + (around ? 1 : 0), req, out);
}

void run_after_refusal(const route& route, request& req, response& out) {
    for (std::size_t i = route.layers.size(); i-- > 0;)
        if (route.layers[i]->after_refusal) guarded(out, [&] { route.layers[i]->after_refusal(req, out); });
}

void run_plain(const route& route, request& req, response& out) {
    const std::size_t entered = run_inwards(route, req, out);
    run_afters(route, 0, entered, req, out);
}

namespace {

// Reports an exception of a layer's `done`: the request has already been answered, so only a log can receive it.
void report_lost(const route& route, const request& req, const error& lost) noexcept {
    bool handled = false;
    for (const auto& layer : route.layers) {
        if (!layer->done_failed) continue;
        try {
            layer->done_failed(req, lost);
            handled = true;
        } catch (...) { // continue with the others
        }
    }
    if (handled) return;
    const error why = lost.cause() ? lost.cause() : lost;
    const std::string_view text = why.message();
    std::fprintf(stderr, "weir: a middleware's done: %.*s\n", static_cast<int>(text.size()), text.data());
}

} // namespace

void run_done(const route& route, const request& req, const response& out, const http::exchange_summary& end) {
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
    const detail::entered_layers entered = detail::enter_layers(*route_, step_, req, out);
    co_await detail::run_rest(*route_, entered, req, out);
    detail::leave_layers(*route_, step_, entered, req, out);
    co_return out;
}

} // namespace weir::http
