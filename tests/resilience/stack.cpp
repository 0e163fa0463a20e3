// SPDX-License-Identifier: MIT
#include <weir/core/loop.hpp>
#include <weir/resilience/stack.hpp>

#include <doctest/doctest.h>

#include <new>
#include <stdexcept>
#include <string>

using namespace weir;

namespace {

// Records when a call passes it, and refuses if `refuses` is set.
struct tracing_layer {
    std::string& trace;
    char name;
    bool refuses = false;

    template<class F>
    task<result<int>> run(F f) {
        trace += name;
        if (refuses) co_return errc::unavailable;
        auto outcome = co_await f();
        trace += name;
        co_return outcome;
    }
};

struct stack_fixture {
    loop home;
    std::string trace;
    tracing_layer a{trace, 'a'};
    tracing_layer b{trace, 'b'};
    tracing_layer c{trace, 'c'};
};

} // namespace

TEST_CASE_FIXTURE(stack_fixture, "the first layer of a stack is the outermost") {
    const stack all{a, b, c};
    auto call = [this]() -> task<result<int>> {
        trace += '.';
        co_return 7;
    };
    CHECK(home.block_on(all.run(call)).value() == 7);
    CHECK(trace == "abc.cba");
}

TEST_CASE_FIXTURE(stack_fixture, "a layer that refuses keeps the call from the inner layers") {
    b.refuses = true;
    const stack all{a, b, c};
    CHECK(home.block_on(all.run([] { return 7; })).error() == errc::unavailable);
    CHECK(trace == "aba");
}

TEST_CASE_FIXTURE(stack_fixture, "a stack can be a layer of another, and one without layers only calls") {
    const stack inner{b};
    const stack outer{a, inner};
    const stack none;
    CHECK(home.block_on(outer.run([] { return 7; })).value() == 7);
    CHECK(trace == "abba");
    CHECK(home.block_on(none.run([] { return 7; })).value() == 7);
}

TEST_CASE_FIXTURE(stack_fixture, "values, results and tasks of either can be called and are returned as results") {
    const stack none;
    CHECK(home.block_on(none.run([]() -> result<int> { return errc::not_found; })).error() == errc::not_found);
    CHECK(home.block_on(none.run([]() -> task<int> { co_return 8; })).value() == 8);
    CHECK(home.block_on(none.run([]() -> task<void> { co_return; })).has_value());
    CHECK(home.block_on(none.run([] {})).has_value());
    CHECK(home.block_on(none.run([]() -> task<result<void>> { co_return errc::conflict; })).error() == errc::conflict);
}

TEST_CASE_FIXTURE(stack_fixture, "an exception of a call becomes an error") {
    const stack all{a};
    auto throws = []() -> task<result<int>> {
        throw std::runtime_error("the disk is full");
        co_return 1;
    };
    const auto failed = home.block_on(all.run(throws)).error();
    CHECK(failed == errc::internal);
    CHECK(failed.describe().find("the disk is full") != std::string::npos);
    CHECK(home.block_on(all.run([]() -> int { throw std::bad_alloc(); })).error() == errc::unavailable);
}
