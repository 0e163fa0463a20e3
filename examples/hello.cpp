#include <weir/app.hpp>

int main() {
    weir::app app;
    app.get("/", [] { return "hello, world\n"; });
    return app.run({.port = 8080});
}
