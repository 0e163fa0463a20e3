// SPDX-License-Identifier: MIT
// labels: integration
#include <weir/app/app.hpp>
#include <weir/http/client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>

using namespace std::chrono_literals;

struct search_index {
    bool loaded = false;

    weir::task<weir::result<void>> load() {
        loaded = true;
        co_return weir::ok();
    }
    weir::task<weir::result<void>> ping() {
        if (!loaded) co_return weir::errc::unavailable;
        co_return weir::ok();
    }
    void close() { loaded = false; }
};

void add_index(weir::app& app, search_index& index) {
    app.on_start(
        "index", [&index] { return index.load(); }, 20s); // an error or 20 s end the start
    app.on_stop(
        "index", [&index] { index.close(); }, 5s);
    app.check("index", [&index] { return index.ping(); }); // /readyz asks it, once a second at most
    app.serve_health();
}

weir::run_options behind_a_balancer() {
    weir::run_options options;
    options.announce = 5s; // /readyz is 503 for so long before the listener closes
    options.drain = 20s;   // then requests in flight have this long
    return options;
}

TEST_CASE("the guide's parts start before the listener opens and stop after the drain") {
    weir::app app{weir::logger()};
    search_index index;
    add_index(app, index);
    auto options = behind_a_balancer();
    options.announce = 0s;
    options.address = "127.0.0.1";
    options.port = 0;
    options.loops = 1;
    bool ready = false;
    bool asked = false;
    std::thread visitor;
    app.on_listening([&](std::uint16_t port) {
        visitor = std::thread([&, port] {
            weir::loop home;
            weir::http::client http(home);
            const auto at = "http://127.0.0.1:" + std::to_string(port) + "/readyz";
            const auto answer = home.block_on(http.get(at));
            asked = true;
            ready = answer && answer->status == 200 && answer->body == "ready\n";
            app.stop();
        });
    });
    CHECK(app.run(options) == 0);
    visitor.join();
    CHECK(asked);
    CHECK(ready);
    CHECK(!index.loaded);
}

TEST_CASE("a part of the guide's service that can't start ends it with status 1") {
    weir::app app{weir::logger()};
    app.on_start("index", []() -> weir::task<weir::result<void>> { co_return weir::errc::unavailable; });
    weir::run_options options;
    options.address = "127.0.0.1";
    options.port = 0;
    CHECK(app.run(options) == 1);
}
