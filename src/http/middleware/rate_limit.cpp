// SPDX-License-Identifier: MIT
#include "http/message/header_access.hpp"
#include "http/middleware/peer_address.hpp"
#include <weir/core/loop.hpp>
#include <weir/http/middleware/rate_limit.hpp>
#include <weir/security/principal.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

namespace weir::http {

namespace {

// No subject starts with this byte, since it isn't UTF-8, and no field value that is used as a key.
constexpr char address_mark = '\xff';

std::string_view address_of(const request& req) {
    const auto* known = req.find<client_info>();
    return known ? std::string_view(known->address) : req.remote_address();
}

// The decisions of a request's limits, one per layer: kept from `before` to `after`.
struct rate_decisions {
    struct one {
        const void* layer;
        rate_decision decided;
    };

    const rate_decision* of(const void* layer) const noexcept {
        if (first.layer == layer) return &first.decided;
        for (const one& each : further)
            if (each.layer == layer) return &each.decided;
        return nullptr;
    }

    one first; // most requests have only this one, so they allocate nothing
    std::vector<one> further{};
};

} // namespace

std::string_view by_address(const request& req, std::string& room) {
    const auto written = address_of(req);
    room.assign(1, address_mark);
    const auto address = detail::parse_address(written);
    if (!address) return room += written;
    auto network = detail::client_network(*address);
    for (int i = 0; i < 8; ++i, network >>= 8) room += static_cast<char>(network & 0xff);
    return room;
}

std::string_view by_subject(const request& req, std::string& room) {
    const auto* who = req.find<principal>();
    return who ? std::string_view(who->subject) : by_address(req, room);
}

std::string_view by_route(const request& req, std::string&) { return req.route(); }

rate_key by_header(std::string name) {
    return [name = std::move(name)](const request& req, std::string& room) {
        const auto value = req.header(name);
        return value.empty() || value.front() == address_mark ? by_address(req, room) : value;
    };
}

namespace {

// Integers in structured fields have at most 15 digits (RFC 9651 section 3.3.1).
std::uint64_t as_integer(std::uint64_t number) noexcept { return std::min<std::uint64_t>(number, 999'999'999'999'999); }

std::uint64_t whole_seconds_of(duration time) noexcept {
    return as_integer(static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(time).count()));
}

void check_policy_name(const std::string& name) {
    const auto plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
    if (!name.empty() && std::all_of(name.begin(), name.end(), plain)) return;
    throw std::invalid_argument(
        "weir: rate_limit: name = " + name + ": accepted printable ASCII without quotes and backslashes");
}

// One limit of a pipeline. Thread-safe if its limiter is.
class rate_gate {
public:
    rate_gate(detail::rate_decider decide, rate_key key, rate_limit_fields fields)
        : decide_(std::move(decide)), key_(std::move(key)), fields_(std::move(fields)) {
        check_policy_name(fields_.name);
    }

    result<void> admit(request& req) const {
        std::string room;
        const rate_decision decided = decide_(req.context().loop().now(), key_(req, room));
        return verdict(req, decided);
    }

    // The same with a limiter that may need a round trip.
    task<result<void>> admit(keyed_rate_limiter& by, request& req) const {
        std::string room;
        const auto decided = co_await by.acquire(key_(req, room), 1);
        if (!decided) co_return decided.error();
        co_return verdict(req, *decided);
    }

    void add_fields(const request& req, response& res) const {
        const auto* kept = req.find<rate_decisions>();
        const rate_decision* decided = kept ? kept->of(this) : nullptr;
        if (decided) write(*decided, res.headers);
    }

private:
    result<void> verdict(request& req, const rate_decision& decided) const {
        if (fields_.standard || fields_.legacy) attach_decision(req, decided);
        if (!decided) return decided.refusal();
        return ok();
    }

    void attach_decision(request& req, const rate_decision& decided) const {
        if (auto* const kept = req.find<rate_decisions>())
            kept->further.push_back({this, decided});
        else
            req.attach(rate_decisions{.first = {this, decided}});
    }

    void write(const rate_decision& decided, header_list& to) const {
        if (decided.limit == rate_decision::no_limit) return;
        const auto limit = as_integer(decided.limit);
        const auto remaining = as_integer(decided.remaining);
        const auto reset = whole_seconds_of(decided.reset_after);
        if (fields_.standard) {
            const auto window = std::max<std::uint64_t>(1, whole_seconds_of(decided.window));
            add(to, "ratelimit-policy", "\"{}\";q={};w={}", fields_.name, limit, window);
            add(to, "ratelimit", "\"{}\";r={};t={}", fields_.name, remaining, reset);
        }
        if (!fields_.legacy) return;
        to.set("x-ratelimit-limit", number(limit));
        to.set("x-ratelimit-remaining", number(remaining));
        to.set("x-ratelimit-reset", number(reset));
    }

    static std::string number(std::uint64_t value) { return std::to_string(value); } // at most 15 digits: no allocation

    template<class... Value>
    static void add(header_list& to, std::string_view name, fmt::format_string<const Value&...> form,
                    const Value&... values) {
        fmt::memory_buffer value;
        fmt::format_to(fmt::appender(value), form, values...);
        detail::header_access::append(to, name, {value.data(), value.size()});
    }

    const detail::rate_decider decide_;
    const rate_key key_;
    const rate_limit_fields fields_;
};

task<response> serve_within(std::shared_ptr<const rate_gate> gate, keyed_rate_limiter& limit, request& req, next rest) {
    const auto admitted = co_await gate->admit(limit, req);
    response res;
    if (admitted)
        res = co_await rest(req);
    else
        into_response(admitted.error(), res);
    gate->add_fields(req, res);
    co_return res;
}

} // namespace

middleware detail::rate_limit_layer(rate_decider decide, rate_key key, rate_limit_fields fields) {
    const auto gate = std::make_shared<const rate_gate>(std::move(decide), std::move(key), std::move(fields));
    middleware layer;
    layer.by_head = true;
    layer.before = [gate](request& req) { return gate->admit(req); };
    layer.after = [gate](request& req, response& res) { gate->add_fields(req, res); };
    layer.after_own_refusal = true;
    layer.after_refusal = layer.after;
    return layer;
}

middleware rate_limit(rate_limit_options options) {
    if (options.key.empty()) {
        const auto all = std::make_shared<token_bucket>(
            token_bucket_options{.rate = options.rate, .per = options.per, .burst = options.burst});
        auto decide = [all](time_point now, std::string_view) { return all->acquire_at(now); };
        return detail::rate_limit_layer(decide, {}, std::move(options.fields));
    }
    const auto each = std::make_shared<keyed_bucket>(keyed_bucket_options{
        .rate = options.rate, .per = options.per, .burst = options.burst, .max_keys = options.max_keys});
    auto decide = [each](time_point now, std::string_view key) { return each->acquire_at(now, key); };
    return detail::rate_limit_layer(decide, std::move(options.key), std::move(options.fields));
}

middleware rate_limit(keyed_rate_limiter& shared, rate_key key, rate_limit_fields fields) {
    const auto gate = std::make_shared<const rate_gate>(detail::rate_decider(), std::move(key), std::move(fields));
    middleware layer;
    layer.by_head = true;
    layer.around = [gate, &shared](request& req, next rest) { return serve_within(gate, shared, req, rest); };
    layer.after_refusal = [gate](request& req, response& res) { gate->add_fields(req, res); };
    return layer;
}

} // namespace weir::http
