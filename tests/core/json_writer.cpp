// SPDX-License-Identifier: MIT
#include <weir/core/json_writer.hpp>

#include <doctest/doctest.h>

#include <charconv>
#include <limits>
#include <string>

namespace {

template<class Value>
std::string json(const Value& value) {
    std::string out;
    weir::append_json(out, value);
    return out;
}

template<class Number>
using limits = std::numeric_limits<Number>;

} // namespace

TEST_CASE("plain text is copied between quotes") {
    CHECK(json("") == R"("")");
    CHECK(json("order 7") == R"("order 7")");
    CHECK(json(std::string(1000, 'x')) == '"' + std::string(1000, 'x') + '"');
}

TEST_CASE("quotes, backslashes and control characters are escaped at every position") {
    CHECK(json("\"\\\b\f\n\r\t") == R"("\"\\\b\f\n\r\t")");
    CHECK(json(std::string_view("\0\x01\x1f\x7f", 4)) == "\"\\u0000\\u0001\\u001f\x7f\"");
    for (std::size_t before = 0; before < 40; ++before)
        for (std::size_t after = 0; after < 40; ++after) {
            const std::string left(before, 'a');
            const std::string right(after, 'b');
            CHECK(json(left + '"' + right + '\n') == '"' + left + R"(\")" + right + R"(\n")");
            CHECK(json(left + "é" + right) == '"' + left + "é" + right + '"');
        }
}

TEST_CASE("characters next to escaped ones are left alone") {
    CHECK(json(" !#[]^_abcdefghij~") == R"(" !#[]^_abcdefghij~")");
    CHECK(json("\n!\n!\n!\n!") == R"("\n!\n!\n!\n!")");
}

TEST_CASE("well-formed UTF-8 is copied") { CHECK(json("张三 é 😀, ok") == "\"张三 é 😀, ok\""); }

TEST_CASE("each ill-formed part of UTF-8 becomes one replacement character") {
    CHECK(json("a\xFF z") == "\"a\uFFFD z\"");
    CHECK(json("\x80\x80") == "\"\uFFFD\uFFFD\"");
    CHECK(json("\xE5\xBC") == "\"\uFFFD\"");                 // truncated
    CHECK(json("\xC0\xAF") == "\"\uFFFD\uFFFD\"");           // overlong
    CHECK(json("\xED\xA0\x80") == "\"\uFFFD\uFFFD\uFFFD\""); // a surrogate
    CHECK(json("张\xE4\xB8"
               "三") == "\"张\uFFFD三\"");
}

TEST_CASE("integers are exact to their limits") {
    CHECK(json(limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(json(limits<std::int64_t>::max()) == "9223372036854775807");
    CHECK(json(limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(json(std::int8_t{-128}) == "-128");
    CHECK(json(std::uint8_t{200}) == "200");
}

TEST_CASE("booleans and null are words") {
    CHECK(json(true) == "true");
    CHECK(json(false) == "false");
    CHECK(json(nullptr) == "null");
}

TEST_CASE("a float is written with the fewest digits that read back as the same float") {
    CHECK(json(0.1F) == "0.1");
    CHECK(json(-19.99F) == "-19.99");
    CHECK(json(999.999F) == "999.999");
    CHECK(json(100.5F) == "100.5");
    CHECK(json(7) == "7");
    CHECK(json(1000000.125F) == "1000000.1");
    for (unsigned thousandths = 0; thousandths < 1'000'000; thousandths += 7) {
        const std::string text =
            std::to_string(thousandths / 1000) + "." + std::to_string(thousandths % 1000 + 1000).substr(1);
        const float number = std::stof(text);
        char shortest[32];
        const auto end = std::to_chars(shortest, shortest + sizeof shortest, number, std::chars_format::fixed).ptr;
        REQUIRE(json(number) == std::string(shortest, end));
    }
}

TEST_CASE("a double is written with the fewest digits that read back as the same double") {
    CHECK(json(0.1) == "0.1");
    CHECK(json(0.1F) == "0.1");
    CHECK(json(-0.0) == "-0");
    CHECK(json(1e300) == "1e+300");
    CHECK(json(5e-324) == "5e-324");
    CHECK(json(limits<double>::max()) == "1.7976931348623157e+308");
}

TEST_CASE("short decimals are written without an exponent") {
    CHECK(json(0.0) == "0");
    CHECK(json(1299.99) == "1299.99");
    CHECK(json(-0.5) == "-0.5");
    CHECK(json(0.001) == "0.001");
    CHECK(json(-2.05) == "-2.05");
    CHECK(json(100000.0) == "100000");
    CHECK(json(99999999999.125) == "99999999999.125");
    CHECK(json(0.0005) == "5e-04");
    CHECK(json(0.1 + 0.2) == "0.30000000000000004");
}

TEST_CASE("every thousandth reads back as itself") {
    for (int thousandths = -20000; thousandths < 20000; thousandths += 7) {
        const double number = thousandths / 1000.0;
        CHECK(std::stod(json(number)) == number);
    }
}

TEST_CASE("numbers that JSON can't represent are null") {
    CHECK(json(limits<double>::quiet_NaN()) == "null");
    CHECK(json(-limits<double>::infinity()) == "null");
}

TEST_CASE("the writer puts commas between values and nowhere else") {
    std::string out = "log: ";
    weir::json_writer writer(out);
    writer.begin_object().member("text", "{").member("number", 1).key("list").begin_array();
    writer.value("[").value(2.5).begin_object().end_object().value(nullptr).end_array();
    writer.key("raw").raw("[1]").member("last", true).end_object();
    CHECK(out == R"(log: {"text":"{","number":1,"list":["[",2.5,{},null],"raw":[1],"last":true})");
}

TEST_CASE("member names are escaped too") {
    std::string out;
    weir::json_writer(out).begin_object().member("a\"b", "c").end_object();
    CHECK(out == R"({"a\"b":"c"})");
}
