// SPDX-License-Identifier: MIT
#include "reflect/order.hpp"
#include <weir/reflect/json.hpp>

#include <doctest/doctest.h>

using weir::errc;
using weir::error_detail;
using weir::from_json;

namespace {

struct limits {
    std::uint8_t byte{};
    std::int32_t number{};
    std::uint64_t huge{};
    float rough{};
};
BOOST_DESCRIBE_STRUCT(limits, (), (byte, number, huge, rough))

struct wide {
    std::int64_t id{};
    std::vector<std::string> tags{};
    std::map<std::string, shop::item> stock{};
};
BOOST_DESCRIBE_STRUCT(wide, (), (id, tags, stock))

// Parses text that must be refused; partial, so that only the mistake in question is found.
template<class T>
weir::error refusal(std::string_view text) {
    T into{};
    const auto read = from_json(text, into, {.partial = true});
    REQUIRE_MESSAGE(read.has_error(), text);
    CHECK(read.error() == errc::invalid_argument);
    return read.error();
}

template<class T>
std::string message(std::string_view text) {
    return std::string(refusal<T>(text).message());
}

} // namespace

TEST_CASE("a value of the wrong type is named by its path") {
    const auto failure = refusal<shop::order>(R"({"items":[{},{},{},{"quantity":"two"}]})");
    CHECK(failure.message() == "items[3].quantity: expected integer");
    REQUIRE(failure.details().size() == 1);
    CHECK(failure.details()[0] == error_detail{"items[3].quantity", "type", "expected integer"});
}

TEST_CASE("each type describes what it expects") {
    CHECK(message<shop::order>(R"({"id":true})") == "id: expected integer");
    CHECK(message<shop::order>(R"({"id":{}})") == "id: expected integer");
    CHECK(message<shop::order>(R"({"state":"lost"})") == "state: expected one of open, paid, shipped");
    CHECK(message<shop::order>(R"({"state":1})") == "state: expected one of open, paid, shipped");
    CHECK(message<shop::order>(R"({"price":"1"})") == "price: expected number");
    CHECK(message<shop::order>(R"({"gift":1})") == "gift: expected boolean");
    CHECK(message<shop::order>(R"({"buyer":[]})") == "buyer: expected object");
    CHECK(message<shop::order>(R"({"buyer":{"name":[{}]}})") == "buyer.name: expected string");
    CHECK(message<shop::order>(R"({"items":{}})") == "items: expected array");
    CHECK(message<shop::order>(R"({"items":null})") == "items: expected array");
    CHECK(message<shop::order>(R"({"items":[7]})") == "items[0]: expected object");
    CHECK(message<shop::order>(R"({"discounts":[]})") == "discounts: expected object");
    CHECK(message<shop::order>(R"({"discounts":{"vip":"x"}})") == "discounts.vip: expected number");
    CHECK(message<shop::order>(R"({"recipient":7})") == "recipient: expected object");
    CHECK(message<shop::order>(R"({"created_at":"today"})") ==
          "created_at: expected RFC 3339 time like 2026-01-31T08:00:00Z");
    CHECK(message<shop::order>(R"({"created_at":7})") ==
          "created_at: expected RFC 3339 time like 2026-01-31T08:00:00Z");
}

TEST_CASE("the document's own type has no path") {
    CHECK(message<shop::order>("7") == "expected object");
    CHECK(message<std::vector<int>>("{}") == "expected array");
    CHECK(message<std::vector<int>>("[1,true]") == "[1]: expected integer");
    CHECK(refusal<int>("[]").details()[0].field.empty());
}

TEST_CASE("paths lead through lists and maps of structs") {
    CHECK(message<wide>(R"({"tags":["a",2]})") == "tags[1]: expected string");
    CHECK(message<wide>(R"({"stock":{"tea":{},"milk":{"quantity":[]}}})") == "stock.milk.quantity: expected integer");
    CHECK(message<std::vector<std::vector<int>>>("[[],[1,2,null]]") == "[1][2]: expected integer");
}

TEST_CASE("a number out of a type's range is refused with the range") {
    CHECK(message<limits>(R"({"byte":256})") == "byte: expected integer between 0 and 255");
    CHECK(message<limits>(R"({"byte":-1})") == "byte: expected integer between 0 and 255");
    CHECK(message<limits>(R"({"number":2147483648})") == "number: expected integer between -2147483648 and 2147483647");
    CHECK(message<limits>(R"({"huge":18446744073709551616})") ==
          "huge: expected integer between 0 and 18446744073709551615");
    CHECK(message<limits>(R"({"rough":1e39})") == "rough: expected number between -3.4e38 and 3.4e38");
    CHECK(message<double>("10000000000e300") == "expected number between -1.79e308 and 1.79e308");
    CHECK(message<std::int64_t>("-9223372036854775809") ==
          "expected integer between -9223372036854775808 and 9223372036854775807");
}

TEST_CASE("fractions and exponents are refused for integers, even whole ones") {
    for (const char* text : {R"({"number":1.0})", R"({"number":1.5})", R"({"number":1e2})", R"({"number":-0.0})"})
        CHECK(message<limits>(text) == "number: expected integer");
}

TEST_CASE("numbers too big for any type are malformed") {
    CHECK(message<limits>(R"({"rough":1e400})") == "rough: number too big at byte 9");
    CHECK(message<double>(std::string(1000, '9')) == "number too big at byte 0");
}

TEST_CASE("all missing members are listed, including those of nested structs") {
    const auto order = from_json<shop::order>(
        R"({"id":1,"state":"open","price":1,"buyer":{},"items":[{"quantity":1},{"product_id":1}]})");
    REQUIRE(order.has_error());
    CHECK(order.error() == errc::invalid_argument);
    CHECK(order.error().message() == "buyer.name: is required (and 5 more)");
    std::vector<std::string> fields;
    for (const auto& detail : order.error().details()) {
        CHECK(detail.rule == "required");
        fields.push_back(detail.field);
    }
    CHECK(fields == std::vector<std::string>{
                        "buyer.name", "items[0].product_id", "items[1].quantity", "gift", "discounts", "created_at"});
}

TEST_CASE("a member of the wrong type isn't also reported as missing, and other mistakes are found") {
    const auto item = from_json<shop::item>(R"({"product_id":"x","note":5})");
    REQUIRE(item.has_error());
    REQUIRE(item.error().details().size() == 3);
    CHECK(item.error().details()[0].field == "product_id");
    CHECK(item.error().details()[1].field == "note");
    CHECK(item.error().details()[2] == error_detail{"quantity", "required", "is required"});
}

TEST_CASE("a duplicate member is refused, in maps too") {
    CHECK(refusal<shop::item>(R"({"quantity":1,"quantity":2})").details()[0] ==
          error_detail{"quantity", "duplicate", "duplicate member"});
    CHECK(message<shop::item>(R"({"note":null,"note":"x"})") == "note: duplicate member");
    CHECK(message<shop::item>(R"({"quantity":1,"quant\u0069ty":{"a":[]}})") == "quantity: duplicate member");
    CHECK(message<shop::order>(R"({"discounts":{"a":1,"b":2,"a":[{}]}})") == "discounts.a: duplicate member");
}

TEST_CASE("an error lists at most 32 mistakes") {
    std::string text = "[0";
    for (int i = 0; i < 1000; ++i) text += ",true";
    const auto failure = refusal<std::vector<int>>(text + "]");
    CHECK(failure.details().size() == 32);
    CHECK(failure.message() == "[1]: expected integer (and 31 more)");
}

TEST_CASE("malformed text is reported with what was expected, the position and the path") {
    CHECK(message<shop::order>("") == "the document is empty at byte 0");
    CHECK(message<shop::order>("  ") == "the document is empty at byte 2");
    CHECK(message<shop::order>("{") == "expected a name in quotes at byte 1");
    CHECK(message<shop::order>(R"({"id" 1})") == "id: expected a colon at byte 6");
    CHECK(message<shop::order>(R"({"id":1)") == "id: expected a comma or a closing brace at byte 7");
    CHECK(message<shop::order>(R"({"items":[{},{"note":]})") == "items[1].note: expected a value at byte 21");
    CHECK(message<shop::order>(R"({"items":[{} {}]})") == "items[0]: expected a comma or a closing bracket at byte 13");
    CHECK(message<wide>(R"({"tags":["a",x]})") == "tags[1]: expected a value at byte 13");
    CHECK(message<wide>(R"({"tags":["a)") == "tags[0]: unterminated string at byte 11");
    CHECK(refusal<shop::order>("[1").details()[0].rule == "type");
}

TEST_CASE("anything after the document is refused") {
    CHECK(message<shop::item>("{} {}") == "unexpected text after the document at byte 3");
    CHECK(message<int>("1 x") == "unexpected text after the document at byte 2");
    CHECK(message<int>(std::string_view("1\0", 2)) == "unexpected text after the document at byte 1");
    CHECK(message<shop::item>(std::string_view("{}\0garbage", 10)) == "unexpected text after the document at byte 2");
}

TEST_CASE("extensions of JSON5 and JavaScript are refused") {
    for (const char* text : {"[1,]", "[,1]", "[01]", "[+1]", "[.5]", "[1.]", "[1e]", "[0x1]", "[NaN]", "[Infinity]",
                             "[-]", "['a']", "[1]//", "/**/[1]", "[1 2]", "[tru]", "[TRUE]", "\xEF\xBB\xBF[1]"}) {
        CAPTURE(text);
        CHECK(refusal<std::vector<double>>(text).details().back().rule == "syntax");
    }
    CHECK(refusal<shop::item>(R"({"quantity":1,})").details()[0].rule == "syntax");
    CHECK(refusal<shop::item>(R"({quantity:1})").details()[0].rule == "syntax");
}

TEST_CASE("a very long key is truncated in the path") {
    const std::string key(1000, 'k');
    CHECK(message<std::map<std::string, int>>("{\"" + key + "\":true}") ==
          std::string(64, 'k') + "...: expected integer");
}
