// SPDX-License-Identifier: MIT
#include "redis/queue/message_record.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace weir;
using namespace std::chrono_literals;
using redis::detail::decode_message;
using redis::detail::encode_message;

TEST_CASE("a message's record has all parts but its topic") {
    const std::string binary("\0:1\xff", 4);
    const auto sent =
        message("t", binary).with_id("i").with_key(binary).with_type("x").with_header("a", "").with_header("a", binary);
    const auto read = decode_message("t", encode_message(sent));
    REQUIRE(read);
    CHECK(read->topic == "t");
    CHECK(read->body == binary);
    CHECK(read->id == "i");
    CHECK(read->key == binary);
    CHECK(read->content_type == "x");
    CHECK((read->headers == sent.headers));
}

TEST_CASE("bytes that aren't a record are refused") {
    const std::string whole = encode_message(message("t", "body").with_id("i").with_header("a", "b"));
    for (std::size_t i = 0; i < whole.size(); ++i) {
        CAPTURE(i);
        const auto read = decode_message("t", whole.substr(0, i));
        if (read) CHECK(read->headers.empty()); // a cut between two parts
    }
    for (const char* wrong :
         {"", "1", "2", "x", "1:", "1-1:a", "118446744073709551616:a", "199999999999:a", "11:", "10:0:0:"})
        CHECK(!decode_message("t", wrong));
}

TEST_CASE("a record's state keeps the attempts, and ignores what isn't one") {
    const auto content = std::make_shared<const message>("t");
    delivery failed(content);
    failed.attempt = 3;
    failed.first_failed = wall_time(1'700'000'000'123'456us);
    failed.last_failure = "1:2: no\n";
    delivery read(content);
    redis::detail::decode_state(redis::detail::encode_state(failed, 4), read);
    CHECK(read.attempt == 4);
    CHECK(read.first_failed == failed.first_failed);
    CHECK(read.last_failure == failed.last_failure);
    for (const char* wrong : {"", "x", ":", "0:", "-1:0:a", "99999999999999999999:1:a"}) {
        delivery fresh(content);
        redis::detail::decode_state(wrong, fresh);
        CHECK(fresh.attempt == 1);
        CHECK(!fresh.first_failed);
    }
    delivery many(content);
    redis::detail::decode_state("4294967297:0:", many);
    CHECK(many.attempt == 1'000'000);
}
