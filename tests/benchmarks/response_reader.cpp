// SPDX-License-Identifier: MIT
#include "http/client/response_reader.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace weir::bench;

namespace {

const std::string good = "HTTP/1.1 200 OK\r\nDate: now\r\ncontent-length:  5\r\n\r\nhello";
const std::string later = "HTTP/1.1 200 OK\r\nDate: one second later\r\nContent-Length: 5\r\n\r\nhello";

} // namespace

TEST_CASE("responses are counted however the bytes are split") {
    const auto stream = good + good + later + later + good;
    for (std::size_t cut = 1; cut <= stream.size(); ++cut) {
        response_reader reader(200, "hello");
        std::size_t complete = 0;
        for (std::size_t at = 0; at < stream.size(); at += cut) complete += reader.take(stream.substr(at, cut));
        CHECK(complete == 5);
    }
}

TEST_CASE("a response counts only when its last byte has arrived") {
    response_reader reader(200, "hello");
    CHECK(reader.take(good.substr(0, good.size() - 1)) == 0);
    CHECK(reader.take("o") == 1);
}

TEST_CASE("a wrong status, body or length is an error") {
    response_reader reader(200, "hello");
    CHECK(reader.take(good) == 1);
    CHECK_THROWS_WITH_AS(reader.take("HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nhello"),
                         doctest::Contains("wrong status"), std::runtime_error);
    CHECK_THROWS_WITH_AS(response_reader(200, "hello").take("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhullo"),
                         doctest::Contains("wrong body"), std::runtime_error);
    CHECK_THROWS_WITH_AS(response_reader(200, "hello").take("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhello"),
                         doctest::Contains("wrong body"), std::runtime_error);
    CHECK_THROWS_WITH_AS(response_reader(200, "hello").take("HTTP/1.1 200 OK\r\nX: 5\r\n\r\nhello"),
                         doctest::Contains("no usable Content-Length"), std::runtime_error);
    CHECK_THROWS_WITH_AS(response_reader(200, "hello").take("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello"),
                         doctest::Contains("no usable Content-Length"), std::runtime_error);
}

TEST_CASE("a head that never ends is an error, not a memory leak") {
    response_reader reader(200, "hello");
    const std::string endless(8 * 1024, 'x');
    CHECK(reader.take(endless) == 0);
    CHECK(reader.take(endless) == 0);
    CHECK_THROWS_WITH_AS(reader.take(endless), doctest::Contains("no end of the head"), std::runtime_error);
}
