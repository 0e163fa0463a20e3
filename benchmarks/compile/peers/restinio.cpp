// SPDX-License-Identifier: MIT
// Hello world on RESTinio, with the router that its users choose.
#define RESTINIO_USE_BOOST_ASIO 1
#include <restinio/all.hpp>

int main() {
    using router = restinio::router::express_router_t<>;
    struct traits : restinio::default_single_thread_traits_t {
        using request_handler_t = router;
    };
    auto routes = std::make_unique<router>();
    routes->http_get("/", [](const restinio::request_handle_t& req, auto) {
        return req->create_response()
            .append_header(restinio::http_field::content_type, "text/plain; charset=utf-8")
            .set_body("hello, world\n")
            .done();
    });
    restinio::run(restinio::on_this_thread<traits>().port(8080).request_handler(std::move(routes)));
}
