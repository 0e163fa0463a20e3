// SPDX-License-Identifier: MIT
// Writes numbered events to the folder given as argument until it is killed; prints each number once it is durable.
#include <weir/core/loop.hpp>
#include <weir/feed/event_writer.hpp>

#include <cstdio>
#include <cstdlib>

namespace {

struct order_placed {
    std::int64_t order_id{};
    std::string note{};
};
BOOST_DESCRIBE_STRUCT(order_placed, (), (order_id, note))

weir::task<void> write_forever(weir::event_writer& events) {
    for (std::int64_t id = 0;; ++id) {
        const order_placed one{id, std::string(static_cast<std::size_t>(id * 37 % 500), 'x')};
        const auto appended = co_await events.append(one);
        if (!appended) std::abort();
        std::fprintf(stderr, "durable %lld\n", static_cast<long long>(id));
    }
}

} // namespace

int main(int, char** argv) {
    weir::event_writer_options options;
    options.folder = argv[1];
    options.prefix = "orders";
    options.rotate_bytes = 5000;
    options.compression =
        argv[2] == std::string_view("gzip") ? weir::event_compression::gzip : weir::event_compression::none;
    weir::event_writer events(options);
    weir::loop home;
    home.block_on(write_forever(events));
}
