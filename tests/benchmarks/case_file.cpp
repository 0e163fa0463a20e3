// SPDX-License-Identifier: MIT
#include "http/client/case_file.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <stdexcept>
#include <string>

using namespace weir::bench;

namespace {

load_case case_of(const std::string& text) {
    std::istringstream in(text);
    return read_case(in, "some");
}

} // namespace

TEST_CASE("a case file defines the exact bytes of the request and of the expected body") {
    const auto wanted =
        case_of("# why\nconnections 8\ndepth 16\nstatus 404\nbody not found\n---\nGET /x HTTP/1.1\nHost: a\n");
    CHECK(wanted.request == "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(wanted.body == "not found");
    CHECK(wanted.connections == 8);
    CHECK(wanted.depth == 16);
    CHECK(wanted.status == 404);
}

TEST_CASE("a request's body gets its Content-Length and is expected back unless the case says otherwise") {
    const auto wanted = case_of("---\nPOST /echo HTTP/1.1\nHost: a\n\n{\"a\":\n1}\n");
    CHECK(wanted.request == "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n{\"a\":\n1}");
    CHECK(wanted.body == "{\"a\":\n1}");
    CHECK(case_of("body ok\n---\nPOST / HTTP/1.1\n\nab").body == "ok");
}

TEST_CASE("a malformed case file is refused with the line") {
    CHECK_THROWS_WITH_AS(
        case_of("depth 0\n---\nGET / HTTP/1.1\n"), "some:1: not a setting: depth 0", std::runtime_error);
    CHECK_THROWS_WITH_AS(case_of("\nspeed 9\n"), "some:2: not a setting: speed 9", std::runtime_error);
    CHECK_THROWS_WITH_AS(case_of("depth 1\n"), "some: no --- line before the request", std::runtime_error);
    CHECK_THROWS_WITH_AS(case_of("---\n"), "some: no request after the --- line", std::runtime_error);
    CHECK_THROWS_AS(read_case_file("/nowhere/at.all"), std::runtime_error);
}
