// SPDX-License-Identifier: MIT
#include "http/middleware/loop_turn.hpp"
#include "http/routing/route_table.hpp"
#include <weir/core/loop_local.hpp>
#include <weir/http/middleware/shed.hpp>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace weir::http {

namespace {

// The permits that a request holds, one per limit.
class held_permits {
public:
    bool holds(const adaptive_limit& of) const noexcept { return first_.of == &of || find(of) != further_.end(); }

    void add(const adaptive_limit& of, adaptive_limit::permit one) {
        if (first_.of)
            further_.push_back({&of, std::move(one)});
        else
            first_ = {&of, std::move(one)};
    }

    // Returns an empty permit if the request's has already ended.
    adaptive_limit::permit take(const adaptive_limit& of) noexcept {
        if (first_.of == &of) return std::move(first_.permit);
        const auto found = find(of);
        return found == further_.end() ? adaptive_limit::permit() : std::move(found->permit);
    }

private:
    struct entry {
        const adaptive_limit* of = nullptr;
        adaptive_limit::permit permit{};
    };

    template<class Self>
    static auto find_in(Self& all, const adaptive_limit& of) noexcept {
        return std::find_if(all.begin(), all.end(), [&of](const entry& one) { return one.of == &of; });
    }
    std::vector<entry>::const_iterator find(const adaptive_limit& of) const noexcept { return find_in(further_, of); }
    std::vector<entry>::iterator find(const adaptive_limit& of) noexcept { return find_in(further_, of); }

    entry first_;
    std::vector<entry> further_; // of a route with several limits
};

// Whether the time until the response is the service's own.
bool tells_latency(const request& req, const response& res) noexcept {
    if (res.tail || detail::route_of(req).target.streams_body) return false;
    return res.status < 400 || res.status == static_cast<int>(status::gateway_timeout);
}

class shedder {
public:
    shedder(adaptive_limit& by, shed_options options)
        : by_(by), classify_(std::move(options.classify)),
          turns_([](loop& home) { return std::make_unique<detail::loop_turn>(home); }) {}

    result<void> admit(request& req) const {
        if (detail::request_access::matched(req)->limits.critical) return ok();
        held_permits* held = req.find<held_permits>();
        if (held && held->holds(by_)) return ok(); // by an outer layer
        const traffic kind = classify_ ? classify_(req) : traffic::normal;
        auto permit = by_.try_acquire(kind, turns_.of(req.context().loop()).passed());
        if (!permit) return by_.refusal();
        if (!held) held = &req.attach(held_permits{});
        held->add(by_, std::move(permit));
        return ok();
    }

    void end(const request& req, const response& res) const noexcept {
        held_permits* const held = req.find<held_permits>();
        if (!held) return;
        auto permit = held->take(by_);
        if (permit && tells_latency(req, res)) permit.done();
    }

private:
    adaptive_limit& by_;
    const std::function<traffic(const request&)> classify_;
    const loop_local<detail::loop_turn> turns_;
};

} // namespace

middleware shed(adaptive_limit& by, shed_options options) {
    const auto shedding = std::make_shared<const shedder>(by, std::move(options));
    middleware layer;
    layer.before = [shedding](request& req) { return shedding->admit(req); };
    layer.after = [shedding](request& req, response& res) { shedding->end(req, res); };
    layer.done = [shedding](const request& req, const response& res, const exchange_summary&) {
        shedding->end(req, res);
    };
    return layer;
}

middleware shed(adaptive_limit& by, traffic kind) {
    return shed(by, {.classify = [kind](const request&) { return kind; }});
}

} // namespace weir::http
