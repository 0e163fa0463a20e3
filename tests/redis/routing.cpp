// SPDX-License-Identifier: MIT
#include "redis/wire/routing.hpp"

#include "redis/wire/sha1.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using weir::redis::command;
using weir::redis::detail::first_key;
using weir::redis::detail::keys_of;
using weir::redis::detail::sha1_hex;
using weir::redis::detail::slot_of;

TEST_CASE("a key's slot is that of Redis, by its hash tag if it has one") {
    CHECK(slot_of("123456789") == 12739); // the cluster specification's example
    CHECK(slot_of("foo") == 12182);
    CHECK(slot_of("") == 0);
    CHECK(slot_of("{user1000}.following") == slot_of("{user1000}.followers"));
    CHECK(slot_of("a{user1000}b") == slot_of("user1000"));
    CHECK(slot_of("foo{}{bar}") != slot_of("bar"));
    CHECK(slot_of("foo{{bar}}zap") == slot_of("{bar"));
    CHECK(slot_of("foo{bar}{zap}") == slot_of("bar"));
    CHECK(slot_of("foo{bar") != slot_of("bar"));
}

TEST_CASE("the keys of a command are found wherever it has them") {
    using keys = std::vector<std::string_view>;
    CHECK(keys_of(command("GET", "k")) == keys{"k"});
    CHECK(keys_of(command("get", "k")) == keys{"k"});
    CHECK(keys_of(command("PING")).empty());
    CHECK(keys_of(command("GET")).empty());
    CHECK(keys_of(command("MGET", "a", "b")) == keys{"a", "b"});
    CHECK(keys_of(command("MSET", "a", 1, "b", 2)) == keys{"a", "b"});
    CHECK(keys_of(command("BLPOP", "a", "b", 5)) == keys{"a", "b"});
    CHECK(keys_of(command("BLPOP")).empty());
    CHECK(keys_of(command("EVALSHA", "abc", 2, "a", "b", "c")) == keys{"a", "b"});
    CHECK(keys_of(command("EVAL", "return 1", 0)).empty());
    CHECK(keys_of(command("EVAL", "return 1", 99, "a")) == keys{"a"});
    CHECK(keys_of(command("EVAL", "return 1", -1, "a")).empty());
    CHECK(keys_of(command("XREADGROUP", "GROUP", "g", "c", "STREAMS", "a", "b", ">", ">")) == keys{"a", "b"});
    CHECK(keys_of(command("XGROUP", "CREATE", "s", "g", "$")) == keys{"s"});
    CHECK(keys_of(command("RENAME", "a", "b")) == keys{"a", "b"});
    CHECK(keys_of(command("BITOP", "AND", "a", "b")) == keys{"a", "b"});
    CHECK(keys_of(command("LMPOP", 1, "a", "LEFT")) == keys{"a"});
    CHECK(keys_of(command("BLMPOP", 5, 1, "a", "LEFT")) == keys{"a"});
    CHECK(first_key(command("XADD", "s", "*", "f", "v")) == "s");
    CHECK(first_key(command("PUBLISH", "c", "m")).empty());
    CHECK(first_key(command("SET")).empty());
}

TEST_CASE("SHA-1 is that of FIPS 180-4, at every length around a block") {
    CHECK(sha1_hex("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(sha1_hex("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(sha1_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1"); // 56 bytes
    CHECK(sha1_hex(std::string(1'000'000, 'a')) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    CHECK(sha1_hex(std::string(55, 'a')) == "c1c8bbdc22796e28c0e15163d20899b65621d65a");
    CHECK(sha1_hex(std::string(64, 'a')) == "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}
