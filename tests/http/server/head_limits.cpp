// SPDX-License-Identifier: MIT
// Non-default limits for heads: a head at the limit is served, one with a byte or a field more is refused, in one piece
// or many.
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

using namespace weir;

namespace {

const std::string host = "Host: a\r\n";

struct head_limits_fixture {
    router app;
    http::limits limits;

    head_limits_fixture() {
        app.get("/", [] { return "root"; });
    }

    // The response to the bytes, which is the same however they are split.
    int status(std::string_view bytes) {
        const int whole = status(bytes, bytes.size());
        CHECK(status(bytes, 1) == whole);
        CHECK(status(bytes, 7) == whole);
        return whole;
    }

private:
    int status(std::string_view bytes, std::size_t piece) {
        test_client peer(app, {.limits = limits});
        for (; !bytes.empty() && !peer.closed(); bytes.remove_prefix(std::min(piece, bytes.size())))
            peer.write(bytes.substr(0, piece));
        const auto res = peer.receive();
        CHECK(res.closes == (res.status != 200));
        CHECK(peer.output().empty());
        return res.status;
    }
};

// A request whose first line has that many bytes without its line end.
std::string with_line(std::size_t size) {
    const std::string begin = "GET /?", end = " HTTP/1.1";
    return begin + std::string(size - begin.size() - end.size(), 'q') + end + "\r\n" + host + "\r\n";
}

// A request whose whole head has that many bytes.
std::string with_head(std::size_t size) {
    const std::string begin = "GET / HTTP/1.1\r\n" + host + "X: ", end = "\r\n\r\n";
    return begin + std::string(size - begin.size() - end.size(), 'x') + end;
}

std::string head_with_fields(std::size_t count) {
    std::string all = "GET / HTTP/1.1\r\n" + host;
    for (std::size_t i = 1; i < count; ++i) all += "X: y\r\n";
    return all + "\r\n";
}

} // namespace

TEST_CASE_FIXTURE(head_limits_fixture, "a request line of another length") {
    limits.request_line = 40;
    CHECK(status(with_line(40)) == 200);
    CHECK(status(with_line(41)) == 414);
    limits.request_line = 12 * 1024; // more than the default
    CHECK(status(with_line(9000)) == 200);
}

TEST_CASE_FIXTURE(head_limits_fixture, "a head of another size") {
    limits.head = 200;
    CHECK(status(with_head(200)) == 200);
    CHECK(status(with_head(201)) == 431);
    limits.head = 20 * 1024;
    CHECK(status(with_head(17000)) == 200);
}

TEST_CASE_FIXTURE(head_limits_fixture, "another number of fields") {
    limits.fields = 3;
    CHECK(status(head_with_fields(3)) == 200);
    CHECK(status(head_with_fields(4)) == 431);
}

// An incomplete line is checked again after each KiB.
TEST_CASE_FIXTURE(head_limits_fixture, "an oversized head is refused at most a KiB late, before its end has arrived") {
    limits.request_line = 40;
    CHECK(status(with_line(1100).substr(0, 1030)) == 414);
    limits.head = 200;
    CHECK(status(with_head(1100).substr(0, 1030)) == 431);
}
