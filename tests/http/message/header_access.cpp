// SPDX-License-Identifier: MIT
#include "http/message/header_access.hpp"

#include <doctest/doctest.h>

using namespace weir::http;
using weir::http::detail::fixed_field;
using weir::http::detail::header_access;

TEST_CASE("a preformatted field is found, replaced and erased like any other") {
    static constexpr fixed_field kind("content-type: text/plain; charset=utf-8\r\n");
    header_list fields;
    header_access::append(fields, kind);
    CHECK(fields.lines() == "content-type: text/plain; charset=utf-8\r\n");
    CHECK(fields.find("Content-Type") == "text/plain; charset=utf-8");
    header_access::set(fields, "content-type", "text/html");
    CHECK(fields.lines() == "content-type: text/html\r\n");
    fields.erase("content-type");
    CHECK(fields.lines().empty());
}

TEST_CASE("setting a field adds it the first time and replaces it afterwards") {
    header_list fields;
    header_access::set(fields, "x-request-id", "1");
    header_access::set(fields, "x-trace", "2");
    header_access::set(fields, "x-request-id", "3");
    CHECK(fields.lines() == "x-trace: 2\r\nx-request-id: 3\r\n");
}
