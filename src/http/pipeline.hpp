// SPDX-License-Identifier: MIT
#pragma once

#include "http/route_table.hpp"

namespace weir::http::detail {

/// Runs a route whose handler and layers are all plain functions.
void run_plain(const route& route, request& req, response& out);

/// Runs a route's layers from `step` on, and its handler.
task<void> run_coroutine(const route& route, std::size_t step, request& req, response& out);

/// Tells the layers that the request has ended. One that throws doesn't keep the others from hearing it.
void run_done(const route& route, const request& req, const response& out, const exchange& end);

} // namespace weir::http::detail
