// SPDX-License-Identifier: MIT
#include <weir/http/middleware/measure.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::http {

namespace {

struct series {
    counter* requests = nullptr;
    histogram* durations = nullptr;
};

// Finds the series for a method, route and status. Each thread caches those it has used, since finding one among all
// takes a lock that the loops share. Thread-safe.
class request_series {
public:
    explicit request_series(metrics& to)
        : requests_(to.counters(
              "http_requests_total", "Requests by method, route and status", {"method", "route", "status"})),
          durations_(
              to.histograms("http_request_duration_seconds", "Time from a request's head to its response", {"route"})) {
    }

    series of(method verb, std::string_view route, int status) {
        const unsigned slot = weir::detail::thread_slot();
        if (slot == weir::detail::shared_slot) return find(verb, route, status);
        auto& mine = by_slot_[slot]; // used by this thread only
        if (!mine) mine = std::make_unique<memory>();
        met& place = (*mine)[place_of(verb, route, status)];
        if (place.verb != verb || place.status != status || place.route != route)
            place = met{std::string(route), verb, status, find(verb, route, status)};
        return place.found;
    }

private:
    struct met {
        std::string route{};
        method verb{};
        int status = 0; // 0: an empty entry
        series found{};
    };

    static constexpr std::size_t places = 256; // series that collide are looked up each time
    using memory = std::array<met, places>;

    // A pattern never moves, so its address identifies its text.
    static std::size_t place_of(method verb, std::string_view route, int status) noexcept {
        const auto address = reinterpret_cast<std::uintptr_t>(route.data()) >> 4;
        return (address * 31 + static_cast<std::size_t>(verb) * 7 + static_cast<std::size_t>(status)) % places;
    }

    series find(method verb, std::string_view route, int status) const {
        std::array<char, 16> digits;
        const auto last = std::to_chars(digits.data(), digits.data() + digits.size(), status).ptr;
        const std::string_view in_digits(digits.data(), last);
        return {&requests_.with(name(verb), route, in_digits), &durations_.with(route)};
    }

    metric_family<counter> requests_;
    metric_family<histogram> durations_;
    std::array<std::unique_ptr<memory>, weir::detail::thread_slots> by_slot_;
};

} // namespace

middleware measure(metrics& to) {
    middleware layer;
    layer.done = [all = std::make_shared<request_series>(to)](
                     const request& req, const response& res, const http::exchange_summary& end) {
        const std::string_view route = req.route().empty() ? std::string_view("none") : req.route();
        const series found = all->of(req.method(), route, res.status);
        found.requests->add();
        found.durations->observe(end.took);
    };
    return layer;
}

} // namespace weir::http
