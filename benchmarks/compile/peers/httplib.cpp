// SPDX-License-Identifier: MIT
// Hello world on cpp-httplib.
#include <httplib.h>

int main() {
    httplib::Server server;
    server.Get("/", [](const httplib::Request&, httplib::Response& res) {
        res.set_content("hello, world\n", "text/plain; charset=utf-8");
    });
    return server.listen("0.0.0.0", 8080) ? 0 : 1;
}
