// SPDX-License-Identifier: MIT
#include <weir/core/result.hpp>

#include <doctest/doctest.h>

#include <new>
#include <sstream>

using weir::errc;
using weir::error;

TEST_CASE("an error without a kind is no error") {
    const error none;
    CHECK(!none);
    CHECK(none == errc::ok);
    CHECK(none.details().empty());
}

TEST_CASE("an error made from a kind has the kind's name and default message") {
    const error failure = errc::not_found;
    CHECK(failure);
    CHECK(failure.code() == "not_found");
    CHECK(failure.message() == "not found");
    CHECK(failure.status() == 0);
}

TEST_CASE("the with_ functions leave other copies unchanged") {
    const error plain(errc::conflict, "only 2 left");
    const error domain = error(plain).with_code("out_of_stock").with_status(410);
    CHECK(plain.code() == "conflict");
    CHECK(domain.code() == "out_of_stock");
    CHECK(domain.status() == 410);
    CHECK(domain.message() == "only 2 left");
    CHECK(domain == errc::conflict);
}

TEST_CASE("with_ doesn't change the shared error of a kind") {
    const error changed = error(errc::unavailable).with_retry_after(3);
    CHECK(changed.retry_after() == 3);
    CHECK(error(errc::unavailable).retry_after() == 0);
    CHECK(changed.message() == "unavailable, try again later");
}

TEST_CASE("an error describes itself with its details and causes on one line") {
    const error failure =
        error(errc::unavailable, "no database")
            .with_detail({"db", "reachable", "refused"})
            .caused_by(error(errc::unknown, "connect: refused"));
    std::ostringstream line;
    line << failure;
    CHECK(line.str() == "unavailable: no database [db: refused]: unknown: connect: refused");
}

TEST_CASE("value() of a failed result throws the error itself") {
    const weir::result<int> failed = error(errc::not_found, "todos 7 not found");
    try {
        (void)failed.value();
        FAIL("value() of a failure returned");
    } catch (const weir::error_exception& thrown) {
        CHECK(thrown.failure() == errc::not_found);
        CHECK(std::string(thrown.what()) == "not_found: todos 7 not found");
    }
}

TEST_CASE("the exception in flight becomes an error of its kind") {
    try {
        throw std::runtime_error("broken");
    } catch (...) {
        const error failure = weir::current_error();
        CHECK(failure == errc::internal);
        CHECK(failure.message() == "internal error"); // a client may see it
        CHECK(failure.cause().message() == "broken");
    }
}

TEST_CASE("a failed allocation in flight becomes an error without allocating") {
    try {
        throw std::bad_alloc();
    } catch (...) {
        CHECK(weir::current_error() == errc::unavailable);
        CHECK(weir::current_error().code() == weir::outcome_unknown_code);
    }
}
