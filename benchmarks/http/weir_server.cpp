// SPDX-License-Identifier: MIT
// weir_server [--loops N]
// weir configured like a service: 50 routes, two middlewares (request id and recover), default limits and timeouts,
// Date; one loop by default. Requests below /observed are also counted and timed for /metrics and written to an access
// log.
#include "support/arguments.hpp"
#include "support/socket.hpp"
#include <weir/app.hpp>
#include <weir/http/middleware/access_log.hpp>
#include <weir/http/middleware/measure.hpp>
#include <weir/http/middleware/recover.hpp>
#include <weir/http/middleware/request_id.hpp>
#include <weir/observe/metrics.hpp>

#include <boost/describe.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct greeting {
    std::string message{};
};
BOOST_DESCRIBE_STRUCT(greeting, (), (message))

struct order_line {
    std::int64_t product_id{};
    std::int64_t quantity{};
    std::int64_t price_cents{};
};
BOOST_DESCRIBE_STRUCT(order_line, (), (product_id, quantity, price_cents))

struct order {
    std::int64_t id{};
    std::string customer{};
    std::string email{};
    std::string note{};
    std::int64_t total_cents{};
    std::vector<order_line> items{};
};
BOOST_DESCRIBE_STRUCT(order, (), (id, customer, email, note, total_cents, items))

} // namespace

template<>
inline constexpr auto weir::schema<order_line> = weir::object().field(&order_line::quantity, weir::min(1));

template<>
inline constexpr auto weir::schema<order> =
    weir::object()
        .field(&order::customer, weir::not_empty, weir::max_length(100))
        .field(&order::email, weir::email)
        .field(&order::note, weir::max_length(500))
        .field(&order::items, weir::min_items(1));

namespace {

std::string_view plaintext() { return "Hello, World!"; }
weir::task<std::string_view> coroutine_that_never_waits() { co_return "Hello, World!"; }
greeting json() { return {"Hello, World!"}; }
order echo(weir::body<order> sent) { return *std::move(sent); }

std::string order_of_user(weir::path<"id", std::int64_t> id, weir::path<"order", std::int64_t> order) {
    return fmt::format("{}/{}", *id, *order);
}

/// Six routes are measured; these bring the total to 50.
void add_other_routes(weir::router& api) {
    for (int i = 0; i < 22; ++i) {
        api.route(fmt::format("/collection_{}", i), [](weir::router& collection) {
            collection.get("/", plaintext).get("/{id}", [](weir::path<"id", std::int64_t> id) {
                return fmt::format("{}", *id);
            });
        });
    }
}

int serve(const weir::bench::arguments& given) {
    weir::metrics metrics;
    const weir::logger lines(weir::file_sink("/dev/null").value());
    weir::app app;
    app.use(weir::request_id()).use(weir::recover(app.log()));
    app.get("/", plaintext).get("/coro", coroutine_that_never_waits).get("/json", json).post("/echo", echo);
    app.get("/users/{id}/orders/{order}", order_of_user);
    app.route("/api/v1", add_other_routes);
    app.route("/observed", [&](weir::router& observed) {
        observed.use(weir::access_log(lines)).use(weir::measure(metrics)).get("/", plaintext);
    });
    app.on_listening([](std::uint16_t port) { weir::bench::announce(port); });
    return app.run({.address = "127.0.0.1", .port = 0, .loops = given.number<std::int64_t>("loops", 1)});
}

} // namespace

int main(int argc, char** argv) {
    try {
        weir::bench::raise_descriptor_limit();
        return serve(weir::bench::arguments({argv + 1, static_cast<std::size_t>(argc - 1)}));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "weir_server: %s\n", failure.what());
        return 1;
    }
}
