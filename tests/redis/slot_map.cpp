// SPDX-License-Identifier: MIT
#include "redis/topology/slot_map.hpp"

#include "redis/wire/reply_reader.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using weir::redis::reply_view;
using weir::redis::detail::address;
using weir::redis::detail::read_redirect;
using weir::redis::detail::slot_map;

namespace {

bool read_slots(slot_map& map, std::string_view resp) {
    weir::redis::detail::reply_reader reader(1 << 20);
    reader.feed(resp);
    const auto* const tree = reader.next();
    REQUIRE(tree);
    return map.read(reply_view(*tree, 0), {"asked", 1});
}

constexpr std::string_view two_nodes =
    "*2\r\n"
    "*3\r\n:0\r\n:8191\r\n*3\r\n$9\r\n127.0.0.1\r\n:7001\r\n$2\r\nid\r\n"
    "*3\r\n:8192\r\n:16383\r\n*2\r\n$0\r\n\r\n:7000\r\n";

} // namespace

TEST_CASE("a slot belongs to the node that the cluster names") {
    slot_map map;
    CHECK(map.node_of(0) == -1);
    REQUIRE(read_slots(map, two_nodes));
    REQUIRE(map.nodes().size() == 2);
    CHECK(map.nodes()[static_cast<std::size_t>(map.node_of(8191))].text() == "127.0.0.1:7001");
    CHECK(map.nodes()[static_cast<std::size_t>(map.node_of(8192))].text() == "asked:7000"); // an empty host
}

TEST_CASE("a slot that moves to a new node leaves the others where they are") {
    slot_map map;
    REQUIRE(read_slots(map, two_nodes));
    map.move(5, {"0.0.0.1", 1});
    CHECK(map.nodes().size() == 3);
    const auto node = [&](std::uint16_t slot) {
        return map.nodes()[static_cast<std::size_t>(map.node_of(slot))].text();
    };
    CHECK(node(5) == "0.0.0.1:1");
    CHECK(node(4) == "127.0.0.1:7001");
    CHECK(node(16383) == "asked:7000");
    map.move(4, {"asked", 7000});
    CHECK(map.nodes().size() == 3);
    CHECK(node(4) == "asked:7000");
}

TEST_CASE("a malformed reply leaves the map as it is") {
    slot_map map;
    REQUIRE(read_slots(map, two_nodes));
    for (const std::string_view wrong :
         {"*0\r\n", "+OK\r\n", "*1\r\n:1\r\n", "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n+h\r\n:1\r\n",
          "*1\r\n*3\r\n:5\r\n:4\r\n*2\r\n+h\r\n:1\r\n", "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n+h\r\n:0\r\n",
          "*1\r\n*3\r\n:-1\r\n:1\r\n*2\r\n+h\r\n:1\r\n", "*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n+h\r\n", "$-1\r\n"}) {
        CAPTURE(wrong);
        CHECK_FALSE(read_slots(map, wrong));
        CHECK(map.nodes().size() == 2);
    }
}

TEST_CASE("a redirection names the slot and the node") {
    const address asked{"10.0.0.1", 7000};
    const auto moved = read_redirect("MOVED 3999 127.0.0.1:6381", asked);
    REQUIRE(moved);
    CHECK_FALSE(moved->ask);
    CHECK(moved->slot == 3999);
    CHECK(moved->to.text() == "127.0.0.1:6381");
    CHECK(read_redirect("ASK 1 h:1", asked)->ask);
    CHECK(read_redirect("MOVED 1 :6381", asked)->to.text() == "10.0.0.1:6381");
    CHECK(read_redirect("MOVED 1 ::1:6381", asked)->to.text() == "[::1]:6381");
    for (const std::string_view other : {"MOVED", "MOVED x h:1", "MOVED 16384 h:1", "MOVED 1 h", "MOVED 1 h:0",
                                         "MOVED 1 h:99999", "ERR x", "", "ASK 1"}) {
        CAPTURE(other);
        CHECK_FALSE(read_redirect(other, asked));
    }
}
