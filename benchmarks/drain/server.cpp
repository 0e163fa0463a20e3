// SPDX-License-Identifier: MIT
// drain_server PORT: responds to GET /sleep/MS after that many milliseconds, until SIGTERM.
#include <weir/app.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>

namespace {

weir::task<weir::result<std::string>> answer_late(weir::path<"ms", std::int64_t> ms) {
    if (auto slept = co_await weir::sleep_for(std::chrono::milliseconds(*ms)); !slept) co_return slept.error();
    co_return "slept\n";
}

} // namespace

int main(int count, char** words) {
    if (count != 2) return 2;
    weir::app app;
    app.get("/sleep/{ms}", answer_late);
    weir::run_options options;
    options.address = "127.0.0.1";
    options.port = std::atoi(words[1]);
    options.loops = 1;
    return app.run(options);
}
