// SPDX-License-Identifier: MIT
#include "app/config_expand.hpp"

#include <doctest/doctest.h>

#include <map>

namespace {

std::optional<std::string> find(std::string_view name) {
    static const std::map<std::string, std::string, std::less<>> variables{
        {"HOST", "db.internal"}, {"EMPTY", ""}, {"TRICKY", "${HOST}"}, {"_a1", "low"}};
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
}

std::string text(std::string_view from) { return weir::config::expand(from, find).text; }
std::string problem(std::string_view from) { return weir::config::expand(from, find).problem; }

} // namespace

TEST_CASE("a variable is replaced by its value, anywhere in the text") {
    CHECK(text("${HOST}") == "db.internal");
    CHECK(text("http://${HOST}:${_a1}/x") == "http://db.internal:low/x");
    CHECK(text("[${EMPTY}]") == "[]");
    CHECK(text("plain") == "plain");
    CHECK(text("").empty());
}

TEST_CASE("a default is used when the variable isn't set or is empty") {
    CHECK(text("${PORT:-8080}") == "8080");
    CHECK(text("${EMPTY:-x}") == "x");
    CHECK(text("${HOST:-x}") == "db.internal");
    CHECK(text("${PORT:-}").empty());
    CHECK(text("${PORT:-a:-b}") == "a:-b");
}

TEST_CASE("a dollar sign that doesn't begin ${ is literal, and $${ is a literal ${") {
    CHECK(text("$HOST costs 5$") == "$HOST costs 5$");
    CHECK(text("$${HOST}") == "${HOST}");
    CHECK(text("a$${b}${HOST}") == "a${b}db.internal");
    CHECK(text("}") == "}");
}

TEST_CASE("values of variables aren't expanded again") { CHECK(text("${TRICKY}") == "${HOST}"); }

TEST_CASE("an unset variable is reported by name") {
    CHECK(problem("a ${NOPE} b") == "the variable NOPE is not set");
    CHECK(problem("${HOST}${NOPE}") == "the variable NOPE is not set");
}

TEST_CASE("malformed expansions are reported") {
    CHECK(problem("${HOST") == "${ without a closing }");
    for (const std::string_view from : {"${}", "${1A}", "${A B}", "${A-b}", "${:-x}", "${A.B}"})
        CHECK(problem(from) == "${...} needs the name of a variable, or NAME:-default");
    CHECK(problem("${A:-${B}}") == "a default can't contain another ${...}");
}
