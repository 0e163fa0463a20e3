// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/http/client.hpp>
#include <weir/http/url_builder.hpp>

#include <stdexcept>

void use_http();

void use_http() {
    if (weir::http::url_builder("http://127.0.0.1").query("q", "a b").str() != "http://127.0.0.1?q=a%20b")
        throw std::runtime_error("http: a query was encoded wrongly");
    weir::loop home;
    weir::http::client client(home);
    auto refused = home.block_on(client.get("http://127.0.0.1:1/"));
    if (refused) throw std::runtime_error("http: port 1 answered");
}
