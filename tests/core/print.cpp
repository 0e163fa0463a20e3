// SPDX-License-Identifier: MIT
// How failed checks of the tests show values.
#include "support/print.hpp"

#include <weir/core/clock.hpp>

#include <boost/describe/enum.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

enum class fruit { apple, pear };
BOOST_DESCRIBE_ENUM(fruit, apple, pear)

enum class bare { zero, one };

// The text that a failed check would show.
template<class T>
std::string in_a_message(const T& value) {
    return (DOCTEST_STRINGIFY(value)).c_str();
}

} // namespace

TEST_CASE("strings are shown as text, pointers to characters too") {
    const char* const pointer = "pointed at";
    const char* const none = nullptr;
    CHECK(in_a_message(pointer) == "pointed at");
    CHECK(in_a_message(none) == "nullptr");
    CHECK(in_a_message("array") == "array");
    CHECK(in_a_message(std::string("text")) == "text");
    CHECK(in_a_message(std::string_view("a view").substr(2)) == "view");
}

TEST_CASE("durations and times are shown with their units") {
    CHECK(in_a_message(90s) == "90s");
    CHECK(in_a_message(2h) == "7200s");
    CHECK(in_a_message(1500ms) == "1500ms");
    CHECK(in_a_message(-1us) == "-1us");
    CHECK(in_a_message(weir::duration(1)) == "1ns");
    CHECK(in_a_message(weir::time_point(1500ms)) == "start + 1500ms");
    CHECK(in_a_message(weir::manual_clock().wall_now()) == "2026-01-01T00:00:00Z");
    CHECK(in_a_message(std::chrono::sys_days(std::chrono::days(1))) == "1970-01-02T00:00:00Z");
}

TEST_CASE("enums are shown by name, or as numbers if they aren't described") {
    CHECK(in_a_message(fruit::pear) == "pear");
    CHECK(in_a_message(static_cast<fruit>(7)) == "an unknown value");
    CHECK(in_a_message(bare::one) == "1");
}

TEST_CASE("lists, maps and optionals are shown with their contents") {
    CHECK(in_a_message(std::vector<std::string>{"a", "b"}) == "[a, b]");
    CHECK(in_a_message(std::vector<std::vector<int>>{{1}, {}}) == "[[1], []]");
    CHECK(in_a_message(std::vector<fruit>{fruit::apple}) == "[apple]");
    CHECK(in_a_message(std::vector<bool>{true}) == "[true]");
    CHECK(in_a_message(std::map<std::string, int>{{"a", 1}, {"b", 2}}) == "[a: 1, b: 2]");
    CHECK(in_a_message(std::optional(3s)) == "3s");
    CHECK(in_a_message(std::optional<int>()) == "nothing");
}

TEST_CASE("types that doctest can print are unchanged, and a result is shown as its error or value") {
    CHECK(in_a_message(true) == "true");
    CHECK(in_a_message(42) == "42");
    CHECK(in_a_message(nullptr) == "nullptr");
    CHECK(in_a_message(weir::result<int>(1)) == "a value");
    CHECK(in_a_message(weir::result<int>(weir::error(weir::errc::conflict, "taken"))) == "conflict: taken");
}
