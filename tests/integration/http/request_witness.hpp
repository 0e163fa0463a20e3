// SPDX-License-Identifier: MIT
#pragma once

#include "support/progress.hpp"
#include <weir/http/middleware.hpp>

namespace test_support {

/// A layer that sees each request start and end. Thread-safe; outlives the server.
class request_witness {
public:
    weir::middleware layer() {
        weir::middleware made;
        made.before = [this](weir::request& req) -> weir::result<void> {
            req.attach(seen{});
            begun.note();
            return weir::ok();
        };
        made.done = [this](const weir::request& req, const weir::response&, const weir::http::exchange_summary&) {
            if (req.find<seen>()) ended.note();
        };
        return made;
    }
    /// Whether each started request has ended once, within a minute.
    bool all_ended() { return ended.await(begun.noted()) && ended.noted() == begun.noted(); }

    progress begun;
    progress ended;

private:
    struct seen {}; // marks requests that have started
};

} // namespace test_support
