// SPDX-License-Identifier: MIT
#include <weir/resilience/rate_limiter_metrics.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace weir;

TEST_CASE("limiters export how many calls they allowed and refused, and how many keys they keep") {
    manual_clock time;
    token_bucket sms({.rate = 1, .burst = 2, .time = &time});
    fixed_window_limiter reports({.limit = 1, .time = &time});
    sliding_window_limiter mails({.limit = 1, .time = &time});
    keyed_bucket users({.rate = 1, .burst = 1, .max_keys = 2, .time = &time});
    metrics all;
    measure(all, sms, "sms");
    measure(all, reports, "reports");
    measure(all, mails, "mails");
    measure(all, users, "users");
    for (int i = 0; i < 5; ++i) {
        sms.try_acquire();
        reports.try_acquire();
        mails.try_acquire();
        users.try_acquire("user" + std::to_string(i));
    }
    const std::string text = all.text();
    for (const char* line :
         {"rate_limiter_allowed_total{name=\"sms\"} 2\n", "rate_limiter_refused_total{name=\"sms\"} 3\n",
          "rate_limiter_allowed_total{name=\"reports\"} 1\n", "rate_limiter_refused_total{name=\"mails\"} 4\n",
          "rate_limiter_allowed_total{name=\"users\"} 5\n", "rate_limiter_refused_total{name=\"users\"} 0\n",
          "rate_limiter_keys{name=\"users\"} 2\n", "rate_limiter_evicted_keys_total{name=\"users\"} 3\n"}) {
        CAPTURE(line);
        CHECK(text.find(line) != std::string::npos);
    }
    CHECK_THROWS_AS(measure(all, sms, "sms"), std::invalid_argument);
}
