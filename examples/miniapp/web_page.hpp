// SPDX-License-Identifier: MIT
#pragma once

#include <weir/core/result.hpp>
#include <weir/http/router.hpp>

#include <string>

namespace miniapp {

/// Serves the page that stands in for the mini-program in a browser: `/`, its script and its style, from `folder`.
/// errc::not_found with the path of a missing file.
weir::result<void> serve_page(weir::router& app, const std::string& folder);

} // namespace miniapp
