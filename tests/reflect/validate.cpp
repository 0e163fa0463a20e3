// SPDX-License-Identifier: MIT
#include "reflect/order.hpp"
#include <weir/reflect/validate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <map>

using weir::errc;
using weir::error_detail;

namespace {

struct words {
    std::string any{"x"};
    std::string least{"abc"};
    std::string most{};
    std::string choice{"red"};
    std::string mail{"a@b.cn"};
};
BOOST_DESCRIBE_STRUCT(words, (), (any, least, most, choice, mail))

struct amounts {
    std::int32_t least{1};
    std::uint64_t most{};
    std::int8_t between{};
    double ratio{0.5};
    std::optional<std::int64_t> maybe{};
};
BOOST_DESCRIBE_STRUCT(amounts, (), (least, most, between, ratio, maybe))

struct bags {
    std::vector<int> list{1, 2};
    std::map<std::string, int> map{{"a", 1}};
    std::vector<int> filled{1};
};
BOOST_DESCRIBE_STRUCT(bags, (), (list, map, filled))

struct even {
    static constexpr std::string_view name() { return "even"; }

    template<class M>
    static constexpr void fit() {}
    static constexpr bool holds(int value) { return value % 2 == 0; }
    static std::string message() { return "must be even"; }
};

struct paired {
    int count{};
};
BOOST_DESCRIBE_STRUCT(paired, (), (count))

struct family {
    std::string name{"n"};
    std::vector<family> children{};
    std::map<std::string, family> named{};
    std::optional<shop::customer> owner{};
};
BOOST_DESCRIBE_STRUCT(family, (), (name, children, named, owner))

template<class T>
std::vector<error_detail> broken(const T& value) {
    const auto checked = weir::validate(value);
    if (checked) return {};
    CHECK(checked.error() == errc::validation_failed);
    const auto details = checked.error().details();
    return {details.begin(), details.end()};
}

using details = std::vector<error_detail>;

} // namespace

template<>
inline constexpr auto weir::schema<words> =
    weir::object()
        .field(&words::any, weir::not_empty)
        .field(&words::least, weir::min_length(3))
        .field(&words::most, weir::max_length(3))
        .field(&words::choice, weir::one_of("red", "green"))
        .field(&words::mail, weir::email);

template<>
inline constexpr auto weir::schema<amounts> =
    weir::object()
        .field(&amounts::least, weir::min(1))
        .field(&amounts::most, weir::max(10))
        .field(&amounts::between, weir::range(-5, 500))
        .field(&amounts::ratio, weir::range(0.25, 0.75))
        .field(&amounts::maybe, weir::min(-1));

template<>
inline constexpr auto weir::schema<bags> =
    weir::object()
        .field(&bags::list, weir::min_items(1), weir::max_items(2))
        .field(&bags::map, weir::max_items(1), weir::not_empty)
        .field(&bags::filled, weir::not_empty);

template<>
inline constexpr auto weir::schema<paired> = weir::object().field(&paired::count, even{}, weir::min(3), weir::secret);

template<>
inline constexpr auto weir::schema<family> = weir::object().field(&family::name, weir::not_empty);

TEST_CASE("a value that satisfies all rules is valid") {
    CHECK(weir::validate(words{}).has_value());
    CHECK(weir::validate(amounts{}).has_value());
    CHECK(weir::validate(bags{}).has_value());
    CHECK(weir::validate(shop::whole_order()).has_value());
}

TEST_CASE("each rule for strings describes what is accepted") {
    CHECK(broken(words{.any = ""}) == details{{"any", "not_empty", "must not be empty"}});
    CHECK(broken(words{.least = "ab"}) == details{{"least", "min_length", "must have at least 3 characters"}});
    CHECK(broken(words{.most = "abcd"}) == details{{"most", "max_length", "must have at most 3 characters"}});
    CHECK(broken(words{.choice = "blue"}) == details{{"choice", "one_of", "must be one of red, green"}});
    CHECK(broken(words{.mail = "a.b.cn"}) == details{{"mail", "email", "must be an e-mail address"}});
}

TEST_CASE("the length of a string is counted in characters, not in bytes") {
    CHECK(broken(words{.least = "张三"}).size() == 1);
    CHECK(broken(words{.least = "张三丰", .most = "张三丰"}).empty());
    CHECK(broken(words{.most = "张三丰x"}).size() == 1);
}

TEST_CASE("each rule for numbers describes what is accepted and includes its bounds") {
    CHECK(broken(amounts{.least = 0}) == details{{"least", "min", "must be at least 1"}});
    CHECK(broken(amounts{.most = 11}) == details{{"most", "max", "must be at most 10"}});
    CHECK(broken(amounts{.between = -6}) == details{{"between", "range", "must be between -5 and 500"}});
    CHECK(broken(amounts{.ratio = 0.76}) == details{{"ratio", "range", "must be between 0.25 and 0.75"}});
    CHECK(broken(amounts{.least = 1, .most = 10, .between = -5, .ratio = 0.75, .maybe = -1}).empty());
}

TEST_CASE("mixed signs compare correctly, and NaN violates every bound") {
    CHECK(broken(amounts{.most = ~0ULL}).size() == 1);
    CHECK(broken(amounts{.maybe = -2}) == details{{"maybe", "min", "must be at least -1"}});
    CHECK(broken(amounts{.ratio = std::nan("")}).size() == 1);
}

TEST_CASE("each rule for lists and maps describes what is accepted") {
    CHECK(broken(bags{.list = {}}) == details{{"list", "min_items", "must have at least 1 items"}});
    CHECK(broken(bags{.list = {1, 2, 3}}) == details{{"list", "max_items", "must have at most 2 items"}});
    CHECK(broken(bags{.map = {{"a", 1}, {"b", 2}}}) == details{{"map", "max_items", "must have at most 1 items"}});
    CHECK(broken(bags{.map = {}, .filled = {}}) ==
          details{{"map", "not_empty", "must not be empty"}, {"filled", "not_empty", "must not be empty"}});
}

TEST_CASE("every broken rule is listed with its path through lists, maps and optionals") {
    family root;
    root.children.resize(3);
    root.children[2].name = "";
    root.children[2].owner = {"", "nobody"};
    root.named["left"].named["right"].name = "";
    CHECK(broken(root) ==
          details{{"children[2].name", "not_empty", "must not be empty"},
                  {"children[2].owner.name", "not_empty", "must not be empty"},
                  {"children[2].owner.email", "email", "must be an e-mail address"},
                  {"named.left.named.right.name", "not_empty", "must not be empty"}});
}

TEST_CASE("a list of structs is validated like a struct that contains it") {
    const std::vector<shop::item> items{{1, 1, {}}, {0, 101, "too long"}};
    CHECK(broken(items) == details{{"[1].product_id", "min", "must be at least 1"},
                                   {"[1].quantity", "range", "must be between 1 and 100"},
                                   {"[1].note", "max_length", "must have at most 5 characters"}});
}

TEST_CASE("the error's message names the first mistake and counts the others") {
    CHECK(weir::validate(words{.any = ""}).error().message() == "any: must not be empty");
    CHECK(weir::validate(words{.any = "", .least = "", .most = "abcd"}).error().message() ==
          "any: must not be empty (and 2 more)");
}

TEST_CASE("user-defined rules work like the others, attributes check nothing") {
    CHECK(broken(paired{4}).empty());
    CHECK(broken(paired{1}) == details{{"count", "even", "must be even"}, {"count", "min", "must be at least 3"}});
}

TEST_CASE("an error lists at most a thousand broken rules") {
    CHECK(broken(std::vector<paired>(2000, paired{1})).size() == 1000);
}

TEST_CASE("mail addresses need a mailbox, an at sign and a domain with a dot") {
    for (const char* good : {"a@b.cn", "first.last+tag@mail.example.com", "张三@例子.cn", "\"odd\"@b.cn"})
        CHECK_MESSAGE(weir::email.holds(good), good);
    for (const char* bad : {"", "@", "a", "a@", "@b.cn", "a@b", "a@.cn", "a@b.", "a@b..cn", "a@b@c.cn", "a b@c.cn",
                            "a@b.cn ", "a@b.cn\n", "a\t@b.cn"})
        CHECK_MESSAGE(!weir::email.holds(bad), bad);
    CHECK(weir::email.holds(std::string(249, 'a') + "@b.cn"));
    CHECK(!weir::email.holds(std::string(250, 'a') + "@b.cn"));
}
