// SPDX-License-Identifier: MIT
#include <weir/redis/command.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

using weir::redis::command;

namespace {

enum class shade { light, dark };
BOOST_DESCRIBE_ENUM(shade, light, dark)

struct painted {
    std::string name{};
    std::int64_t age = 0;
    std::optional<double> weight{};
    shade tone = shade::light;
};
BOOST_DESCRIBE_STRUCT(painted, (), (name, age, weight, tone))

std::vector<std::string> arguments_of(const command& one) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < one.size(); ++i) all.emplace_back(one.argument(i));
    return all;
}

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("a command is an array of strings with their lengths") {
    CHECK(command("GET", "key").encoded() == "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
    CHECK(command("PING").encoded() == "*1\r\n$4\r\nPING\r\n");
    CHECK(command("").encoded() == "*1\r\n$0\r\n\r\n");
}

TEST_CASE("an argument may hold any byte") {
    const std::string bytes("a\r\n\0$9\xff", 7);
    const command one("SET", "k", bytes);
    CHECK(one.encoded() == "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$7\r\n" + bytes + "\r\n");
    CHECK(one.argument(2) == bytes);
}

TEST_CASE("numbers are decimal and read back as the same number") {
    const command one("X", 0, -7, std::numeric_limits<std::int64_t>::min(), ~std::uint64_t{}, true, false, 0.1);
    CHECK(arguments_of(one) ==
          strings{"X", "0", "-7", "-9223372036854775808", "18446744073709551615", "1", "0", "0.1"});
    CHECK(std::stod(std::string(command("X", 1e300).argument(1))) == 1e300);
}

TEST_CASE("a container is an argument for each element, an empty optional none") {
    const strings keys{"a", "b"};
    const std::map<std::string, int> fields{{"x", 1}, {"y", 2}};
    CHECK(arguments_of(command("MGET", keys)) == strings{"MGET", "a", "b"});
    CHECK(arguments_of(command("HSET", "h", fields)) == strings{"HSET", "h", "x", "1", "y", "2"});
    CHECK(arguments_of(command("X", std::optional<int>(), std::optional<int>(3))) == strings{"X", "3"});
}

TEST_CASE("a described struct is its members' names and values without empty optionals") {
    painted cat{"Tom", 3, {}, shade::dark};
    CHECK(arguments_of(command("HSET", "cat", cat)) ==
          strings{"HSET", "cat", "name", "Tom", "age", "3", "tone", "dark"});
    cat.weight = 2.5;
    CHECK(command("HSET", "cat", cat).argument(7) == "2.5");
}

TEST_CASE("many arguments keep the count in front of them right") {
    command many("DEL");
    for (int i = 0; i < 1000; ++i) many.add(i);
    CHECK(many.size() == 1001);
    CHECK(many.encoded().starts_with("*1001\r\n$3\r\nDEL\r\n$1\r\n0\r\n"));
    CHECK(many.argument(1000) == "999");
    CHECK(many.argument(1001).empty());
}

TEST_CASE("a command gets another front") {
    const command hashed("EVALSHA", "abc", 1, "key", "value");
    CHECK(arguments_of(hashed.with_front(2, "EVAL", "return 1")) == strings{"EVAL", "return 1", "1", "key", "value"});
    CHECK(hashed.with_front(2, "EVAL", "x").encoded().starts_with("*5\r\n$4\r\nEVAL\r\n"));
    CHECK(arguments_of(hashed.with_front(9, "PING", "x")) == strings{"PING", "x"});
}
