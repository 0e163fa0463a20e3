// SPDX-License-Identifier: MIT
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <stdexcept>

void use_testing();

void use_testing() {
    weir::http::router routes;
    routes.get("/", [] { return "hello"; });
    weir::test_client client(routes);
    if (client.get("/").body != "hello") throw std::runtime_error("testing: the route did not answer");
}
