// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/feed/event_writer.hpp>

#include <filesystem>
#include <stdexcept>

namespace {

struct order_placed {
    int order_id{};
};
BOOST_DESCRIBE_STRUCT(order_placed, (), (order_id))

} // namespace

void use_feed();

void use_feed() {
    const std::filesystem::path folder = std::filesystem::temp_directory_path() / "weir-package-feed";
    weir::event_writer events({.folder = folder.string()});
    events.write(order_placed{7});
    weir::loop home;
    const auto closed = home.block_on(events.close());
    std::filesystem::remove_all(folder);
    if (!closed || events.stats().written != 1) throw std::runtime_error("feed: the event wasn't written");
}
