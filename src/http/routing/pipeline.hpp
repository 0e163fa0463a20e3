// SPDX-License-Identifier: MIT
#pragma once

#include "http/routing/route_table.hpp"

namespace weir::http::detail {

/// Runs a route whose handler and layers are all plain functions.
void run_plain(const route& route, request& req, response& out);

/// How many of its route's layers a request has entered, and what runs next.
struct entered_layers {
    enum class next_stop : std::uint8_t {
        handler,
        around,  // the coroutine layer at `passed`
        nothing, // a layer refused
    };

    std::size_t passed;
    next_stop stop;
};

/// Runs `before` of the layers from `step`, up to one with an `around`.
entered_layers enter_layers(const route& route, std::size_t step, request& req, response& out);

/// Runs `before` of the leading layers that use only the head; `stop` is `nothing` if one refused.
entered_layers enter_by_head(const route& route, request& req, response& out);

/// Runs the next stop: the coroutine layer with everything inside it, or the handler.
task<void> run_rest(const route& route, const entered_layers& entered, request& req, response& out);

/// Runs `after` of the entered layers from `step`, innermost first.
void leave_layers(const route& route, std::size_t step, const entered_layers& entered, request& req, response& out);

/// Runs the layers' `after_refusal` on a response that the server gives in place of the pipeline, innermost first.
void run_after_refusal(const route& route, request& req, response& out);

/// Turns the exception in flight into a response.
void answer_thrown(response& out);

/// Runs each layer's `done`; an exception of one doesn't skip the others.
void run_done(const route& route, const request& req, const response& out, const exchange_summary& end);

} // namespace weir::http::detail
