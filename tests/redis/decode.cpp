// SPDX-License-Identifier: MIT
#include "redis/read_reply.hpp"
#include <weir/redis/decode.hpp>

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

using namespace redis_test;
using weir::errc;

namespace {

enum class pet_kind { cat, dog };
BOOST_DESCRIBE_ENUM(pet_kind, cat, dog)

struct pet {
    std::string name = "nameless";
    std::int64_t age = 0;
    std::optional<double> weight{};
    pet_kind kind = pet_kind::cat;
    bool tame = false;
    weir::wall_time born{};
};
BOOST_DESCRIBE_STRUCT(pet, (), (name, age, weight, kind, tame, born))

template<class T>
T decoded(std::string_view resp) {
    T out{};
    const weir::error wrong = read_as(resp, out);
    INFO(wrong.describe());
    CHECK_FALSE(wrong);
    return out;
}

template<class T>
weir::error mistake(std::string_view resp) {
    T out{};
    return read_as(resp, out);
}

} // namespace

TEST_CASE("scalars are read from every form in which the server sends them") {
    CHECK(decoded<std::string>("$5\r\na\r\nbc\r\n") == "a\r\nbc");
    CHECK(decoded<std::string>("+OK\r\n") == "OK");
    CHECK(decoded<std::string>(":42\r\n") == "42");
    CHECK(decoded<int>(":-42\r\n") == -42);
    CHECK(decoded<std::int64_t>("$19\r\n9223372036854775807\r\n") == 9223372036854775807);
    CHECK(decoded<std::uint64_t>("$20\r\n18446744073709551615\r\n") == ~std::uint64_t{});
    CHECK(decoded<double>("$4\r\n-2.5\r\n") == -2.5);
    CHECK(std::isinf(decoded<double>("$3\r\ninf\r\n")));
    CHECK(decoded<double>(":3\r\n") == 3);
    CHECK(decoded<bool>(":1\r\n"));
    CHECK_FALSE(decoded<bool>(":0\r\n"));
    CHECK(decoded<bool>("+OK\r\n"));
    CHECK_FALSE(decoded<bool>("$-1\r\n"));
    CHECK(decoded<bool>("$1\r\n1\r\n"));
    CHECK(decoded<pet_kind>("$3\r\ndog\r\n") == pet_kind::dog);
}

TEST_CASE("nil is an empty optional, and not found otherwise") {
    CHECK_FALSE(decoded<std::optional<std::string>>("$-1\r\n"));
    CHECK_FALSE(decoded<std::optional<std::vector<int>>>("*-1\r\n"));
    CHECK(decoded<std::optional<std::string>>("$0\r\n\r\n") == "");
    CHECK(mistake<std::string>("$-1\r\n") == errc::not_found);
    CHECK(mistake<int>("$-1\r\n") == errc::not_found);
    CHECK(mistake<std::vector<std::string>>("*-1\r\n") == errc::not_found);
}

TEST_CASE("arrays fill containers, pairs and tuples") {
    CHECK(decoded<std::vector<int>>("*3\r\n:1\r\n:2\r\n$1\r\n3\r\n") == std::vector{1, 2, 3});
    CHECK(decoded<std::set<std::string>>("*2\r\n+b\r\n+a\r\n") == std::set<std::string>{"a", "b"});
    CHECK(decoded<std::vector<std::optional<int>>>("*2\r\n:1\r\n$-1\r\n") ==
          std::vector<std::optional<int>>{1, std::nullopt});
    CHECK(decoded<std::pair<std::string, int>>("*2\r\n+a\r\n:1\r\n") == std::pair<std::string, int>("a", 1));
    const auto three = decoded<std::tuple<int, std::vector<int>, std::string>>("*3\r\n:1\r\n*2\r\n:2\r\n:3\r\n+x\r\n");
    CHECK(std::get<1>(three) == std::vector{2, 3});
    CHECK(std::get<2>(three) == "x");
    CHECK(decoded<std::vector<int>>("*0\r\n").empty());
}

TEST_CASE("a map is read from alternating fields and values and from pairs") {
    using map = std::map<std::string, int>;
    const map expected{{"a", 1}, {"b", 2}};
    CHECK(decoded<map>("*4\r\n+a\r\n:1\r\n+b\r\n:2\r\n") == expected);
    CHECK(decoded<map>("*2\r\n*2\r\n+a\r\n:1\r\n*2\r\n+b\r\n:2\r\n") == expected);
    CHECK(decoded<std::unordered_map<std::string, int>>("*2\r\n+a\r\n:1\r\n").at("a") == 1);
    CHECK(mistake<map>("*1\r\n+a\r\n") == errc::internal);
    CHECK(mistake<map>("*2\r\n*2\r\n+a\r\n:1\r\n*1\r\n+b\r\n") == errc::internal);
    CHECK(mistake<map>("*2\r\n*2\r\n+a\r\n:1\r\n+b\r\n") == errc::internal);
}

TEST_CASE("a described struct is read by the names of its members") {
    const auto tom = decoded<pet>(
        "*14\r\n+age\r\n$1\r\n3\r\n+name\r\n$3\r\nTom\r\n+weight\r\n$3\r\n4.5\r\n"
        "+kind\r\n+dog\r\n+tame\r\n$1\r\n1\r\n+unknown\r\n+x\r\n"
        "+born\r\n$20\r\n2026-01-31T08:00:00Z\r\n");
    CHECK(tom.name == "Tom");
    CHECK(tom.age == 3);
    CHECK(tom.weight == 4.5);
    CHECK(tom.kind == pet_kind::dog);
    CHECK(tom.tame);
    CHECK(tom.born == weir::parse_rfc3339("2026-01-31T08:00:00Z"));
    const auto other = decoded<pet>("*2\r\n+age\r\n:7\r\n");
    CHECK(other.name == "nameless");
    CHECK_FALSE(other.weight);
    CHECK(mistake<pet>("*0\r\n") == errc::not_found);
    CHECK_FALSE(decoded<std::optional<pet>>("*0\r\n"));
    CHECK(mistake<pet>("*2\r\n+age\r\n+old\r\n") == errc::internal);
    CHECK(mistake<pet>("*2\r\n+kind\r\n+cow\r\n") == errc::internal);
}

TEST_CASE("a reply of another shape is an internal error that names both") {
    const auto wrong = mistake<std::vector<int>>("+OK\r\n");
    CHECK(wrong == errc::internal);
    CHECK(wrong.code() == "unexpected_reply");
    CHECK(wrong.message() == "the reply is a status, expected was an array");
    CHECK(mistake<int>("$2\r\n4x\r\n") == errc::internal);
    CHECK(mistake<std::int8_t>(":128\r\n") == errc::internal);
    CHECK(mistake<std::uint8_t>(":-1\r\n") == errc::internal);
    CHECK(mistake<std::int64_t>("$19\r\n9223372036854775808\r\n") == errc::internal);
    CHECK(mistake<double>("$0\r\n\r\n") == errc::internal);
    CHECK(mistake<bool>("$3\r\nyes\r\n") == errc::internal);
    CHECK(mistake<std::string>("*0\r\n") == errc::internal);
    CHECK(mistake<std::pair<int, int>>("*3\r\n:1\r\n:2\r\n:3\r\n") == errc::internal);
}

TEST_CASE("an error reply is an error, also as an element") {
    const auto wrong = mistake<std::string>("-WRONGTYPE Operation against a key\r\n");
    CHECK(wrong == errc::internal);
    CHECK(wrong.code() == "wrongtype");
    CHECK(wrong.cause().message() == "WRONGTYPE Operation against a key");
    CHECK(mistake<std::vector<int>>("*2\r\n:1\r\n-LOADING wait\r\n").code() == "loading");
    const auto kept = decoded<weir::redis::reply>("*2\r\n:1\r\n-LOADING wait\r\n");
    CHECK(kept.describe() == "[1, \"LOADING wait\"]");
}

TEST_CASE("the first word of an error reply decides the kind") {
    using weir::redis::error_of;
    CHECK(error_of("LOADING Redis is loading") == errc::unavailable);
    CHECK(error_of("READONLY You can't write") == errc::unavailable);
    CHECK(error_of("OOM command not allowed") == errc::unavailable);
    CHECK(error_of("NOAUTH Authentication required.") == errc::internal);
    CHECK(error_of("BUSYGROUP exists") == errc::already_exists);
    CHECK(error_of("NOGROUP no such") == errc::not_found);
    CHECK(error_of("CROSSSLOT Keys") == errc::invalid_argument);
    CHECK(error_of("ERR unknown command") == errc::unknown);
    CHECK(error_of("ERR unknown command").code() == "err");
    CHECK(error_of("").code() == "err");
    CHECK(error_of(std::string(1000, 'A')).code() == "err");
}
