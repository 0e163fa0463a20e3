// SPDX-License-Identifier: MIT
// Compares the quick reader with the thorough one, which is RapidJSON: whatever it accepts must give the same value.
#include "reflect/json_quick_reader.hpp"

#include "reflect/json_reader.hpp"
#include "reflect/json_text.hpp"
#include "reflect/order.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

namespace detail = weir::reflect::detail;

namespace {

struct mixed {
    std::int8_t tiny{};
    std::uint8_t byte{};
    std::int16_t small{};
    std::uint32_t count{};
    std::int64_t big{};
    std::uint64_t huge{};
    float rough{};
    double fine{};
    bool yes{};
    std::string text{};
    std::optional<std::string> note{};
    std::optional<shop::order> order{};
    std::vector<std::vector<int>> rows{};
    std::map<std::string, mixed> more{};
    std::int64_t a_name_of_seventeen{};
    std::int64_t a_name_that_is_much_longer_than_two_blocks{};

    bool operator==(const mixed&) const = default;
};
BOOST_DESCRIBE_STRUCT(mixed, (),
                      (tiny, byte, small, count, big, huge, rough, fine, yes, text, note, order, rows, more,
                       a_name_of_seventeen, a_name_that_is_much_longer_than_two_blocks))

constexpr std::string_view mixed_json =
    R"({"tiny":-128,"byte":255,"small":-1,"count":4294967295,"big":-9223372036854775808,"huge":9999999999999999999,)"
    R"("rough":0.1,"fine":-1.5e-3,"yes":false,"text":"a \"quoted\" 张三 \u5f20\ud83d\ude00\n","note":null,)"
    R"("unknown":{"list":[1,-2.5,"x",null,true,{}],"deep":[[[[]]]]},"rows":[[1,2,3],[],[4]],)"
    R"("more":{"first":{"tiny":1},"second":{}},"a_name_of_seventeen": 17 ,)"
    R"("a_name_that_is_much_longer_than_two_blocks" : 44})";

// Parses a copy with the padding that the reader needs, of exact size so that a sanitizer detects reads past its end.
template<class T>
bool quickly(std::string_view text, T& into, const weir::json_options& options) {
    std::vector<char> padded(text.begin(), text.end());
    padded.resize(text.size() + detail::json_text_slack);
    return detail::read_quickly({padded.data(), text.size()}, &into, detail::json_type_of<T>, options);
}

// Whether the quick reader accepts the text; if it does, checks that the thorough one yields the same value.
template<class T>
bool takes(std::string_view text, const weir::json_options& options = {}) {
    T quick{};
    if (!quickly(text, quick, options)) return false;
    T thorough{};
    const auto read = detail::read_json_thoroughly(text, &thorough, detail::json_type_of<T>, options);
    CHECK_MESSAGE(read.has_value(), text);
    CHECK_MESSAGE(quick == thorough, text);
    CHECK(weir::to_json(quick) == weir::to_json(thorough)); // distinguishes the two zeros
    return true;
}

constexpr weir::json_options lenient{.partial = true};

} // namespace

TEST_CASE("the quick reader accepts JSON as programs write it") {
    CHECK(takes<shop::order>(shop::order_json));
    CHECK(takes<mixed>(mixed_json, lenient));
    CHECK(takes<std::vector<int>>(" [ 1 , 2\n,\t3 ]\r\n"));
    CHECK(takes<std::map<std::string, double>>(R"({"a":1,"b":-0.5,"c":1e22})"));
    CHECK(takes<std::vector<std::string>>(R"(["", "short", "one that is longer than sixteen bytes", "张三"])"));
    CHECK(takes<int>("7"));
    CHECK(takes<std::optional<int>>("null"));
}

TEST_CASE("members may be in any order, omitted or unknown") {
    CHECK(takes<mixed>(R"({"yes":true,"tiny":3,"fine":1,"byte":4})", lenient));
    CHECK(takes<mixed>(R"({"unknown":1,"tin":2,"tiny":3,"tinyy":4})", lenient));
    CHECK_FALSE(takes<mixed>(R"({"unknown":1})", {.refuse_unknown = true, .partial = true}));
    CHECK_FALSE(takes<mixed>(R"({"tiny":1,"tiny":1})", lenient));
    CHECK_FALSE(takes<shop::item>(R"({"product_id":1})"));
}

TEST_CASE("the quick reader handles escapes in values but not in names") {
    CHECK(takes<std::string>(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u5f20\ud83d\ude00")"));
    CHECK(takes<std::string>(R"("\u0000")"));
    CHECK_FALSE(takes<mixed>(R"({"t\u0069ny":1})", lenient));
    for (const char* bad :
         {R"("\x")", R"("\)", R"("\u12")", R"("\ud800")", R"("\ud800\u0041")", R"("\udc00")", R"("\u)"})
        CHECK_FALSE(takes<std::string>(bad));
}

TEST_CASE("every number is stored as the thorough reader stores it") {
    for (const char* digits :
         {"0",
          "-0",
          "0.0",
          "-0.0",
          "1",
          "-1",
          "127",
          "128",
          "-128",
          "-129",
          "255",
          "256",
          "65535",
          "2147483647",
          "2147483648",
          "-2147483648",
          "4294967295",
          "4294967296",
          "9007199254740993",
          "9223372036854775807",
          "9223372036854775808",
          "-9223372036854775808",
          "-9223372036854775809",
          "9999999999999999999",
          "18446744073709551615",
          "18446744073709551616",
          "0.1",
          "0.3",
          "19.99",
          "1e22",
          "1e23",
          "1e-22",
          "1e-23",
          "123456789012345678",
          "0.1234567890123456789",
          "3.4028235e38",
          "3.5e38",
          "1e99",
          "1e100",
          "1e-99",
          "5e-324",
          "16777217",
          "16777217e-10",
          "1.0e+5",
          "1E5",
          "1e05",
          "00",
          "01",
          "-",
          "1.",
          ".5",
          "1e",
          "1e+",
          "+1",
          "0x1"}) {
        takes<std::int8_t>(digits);
        takes<std::uint8_t>(digits);
        takes<std::int32_t>(digits);
        takes<std::uint32_t>(digits);
        takes<std::int64_t>(digits);
        takes<std::uint64_t>(digits);
        takes<float>(digits);
        takes<double>(digits);
        takes<std::vector<double>>("[" + std::string(digits) + "]");
        takes<mixed>(R"({"unknown":)" + std::string(digits) + "}", lenient);
    }
}

TEST_CASE("decimals of all sizes are rounded like in the thorough reader") {
    std::mt19937_64 random(7);
    for (int i = 0; i < 20000; ++i) {
        std::string digits = std::to_string(random() >> (random() % 64));
        digits.insert(random() % digits.size() + 1, ".");
        if (digits.back() == '.') digits += '0';
        if (random() % 2 == 0) digits += "e" + std::to_string(static_cast<int>(random() % 80) - 40);
        takes<double>(digits);
        takes<float>(digits);
    }
}

TEST_CASE("a document with one byte changed, removed or added is read alike or not at all") {
    const std::string text(mixed_json);
    int taken = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (const char change : std::string_view("\0\"\\{}[],:01-.eu \x1b\xff\xe5", 19)) {
            std::string other = text;
            other[at] = change;
            taken += takes<mixed>(other, lenient) ? 1 : 0;
            other.insert(at, 1, text[at]);
            taken += takes<mixed>(other, lenient) ? 1 : 0;
        }
        taken += takes<mixed>(text.substr(0, at) + text.substr(at + 1), lenient) ? 1 : 0;
        CHECK_FALSE(takes<mixed>(text.substr(0, at), lenient));
    }
    CHECK(taken > 1000);
}

TEST_CASE("the quick reader gives up beyond its depth limit") {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(takes<mixed>(R"({"unknown":)" + nested(63) + "}", lenient));
    CHECK_FALSE(takes<mixed>(R"({"unknown":)" + nested(64) + "}", lenient));
    CHECK_FALSE(takes<mixed>(R"({"unknown":)" + nested(64) + "}", {.max_depth = 100, .partial = true}));
    CHECK_FALSE(takes<mixed>(R"({"unknown":[]})", {.max_depth = 1, .partial = true}));
}
