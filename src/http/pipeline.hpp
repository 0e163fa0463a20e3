// SPDX-License-Identifier: MIT
#pragma once

#include "http/route_table.hpp"

namespace weir::http::detail {

/// Runs a route whose handler and layers are all plain functions.
void run_plain(const route& route, request& req, response& out);

/// How far a request has come through its route's layers, and what is next.
struct entered_layers {
    enum class next_stop : std::uint8_t {
        handler,
        around,  // the coroutine layer at `passed`
        nothing, // a layer has refused
    };

    std::size_t passed;
    next_stop stop;
};

/// Runs `before` of the layers from `step` on, up to one with an `around`.
entered_layers enter_layers(const route& route, std::size_t step, request& req, response& out);

/// Runs `before` of the layers that go by the head, up to one that doesn't; `stop` is `nothing` where one refused.
entered_layers enter_by_head(const route& route, request& req, response& out);

/// Runs what comes next: the coroutine layer with all that is further in, or the handler.
task<void> run_rest(const route& route, const entered_layers& entered, request& req, response& out);

/// Runs `after` of the layers from `step` on that were entered.
void leave_layers(const route& route, std::size_t step, const entered_layers& entered, request& req, response& out);

/// Lets the layers shape an answer that the server gives in place of the pipeline, innermost first.
void run_after_refusal(const route& route, request& req, response& out);

/// Answers for the exception in flight.
void answer_thrown(response& out);

/// Tells the layers that the request has ended. One that throws doesn't keep the others from hearing it.
void run_done(const route& route, const request& req, const response& out, const exchange& end);

} // namespace weir::http::detail
