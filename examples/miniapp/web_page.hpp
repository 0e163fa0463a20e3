// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/http/router.hpp>

#include <string>

namespace miniapp {

/// Serves the page that plays the mini-program in a browser: `/` and its script and style, files of `folder`.
/// errc::not_found naming the one that is missing.
weir::result<void> serve_page(weir::router& app, const std::string& folder);

} // namespace miniapp
