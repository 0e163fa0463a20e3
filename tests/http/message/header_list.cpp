// SPDX-License-Identifier: MIT
#include <weir/http/message.hpp>

#include <doctest/doctest.h>

#include <string>

using weir::http::header_list;

namespace {

bool is_refused(std::string_view name, std::string_view value) {
    header_list fields;
    try {
        fields.add(name, value);
    } catch (const weir::error_exception& thrown) {
        CHECK(thrown.failure() == weir::errc::internal);
        CHECK(fields.lines().empty());
        return true;
    }
    return false;
}

} // namespace

TEST_CASE("set replaces a field case-insensitively, add keeps existing ones") {
    header_list fields;
    fields.add("Content-Type", "text/plain").add("x-request-id", "7").add("set-cookie", "a=1").add("set-cookie", "b=2");
    fields.set("content-type", "text/html");
    CHECK(fields.lines() == "x-request-id: 7\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-type: text/html\r\n");
    CHECK(fields.find("SET-COOKIE") == "a=1");
    fields.erase("Set-Cookie");
    CHECK_FALSE(fields.contains("set-cookie"));
    CHECK(fields.find("x-request-id") == "7");
}

TEST_CASE("names of the same length, or with the same ends, are distinguished") {
    header_list fields;
    fields.add("x-request-id", "1").add("x-requesd-id", "2").add("y-request-ie", "3").add("x", "4").add("xx", "5");
    CHECK(fields.find("x-requesd-id") == "2");
    CHECK(fields.find("y-request-ie") == "3");
    CHECK(fields.find("xx") == "5");
    CHECK_FALSE(fields.contains("x-requese-id"));
    CHECK_FALSE(fields.contains("xxx"));
    CHECK_FALSE(fields.contains(""));
    for (const char* name : {"x-request-id", "x-requesd-id", "y-request-ie", "x", "xx"}) fields.set(name, "new");
    for (const char* name : {"x-request-id", "x-requesd-id", "y-request-ie", "x", "xx"}) fields.erase(name);
    CHECK(fields.lines().empty());
    fields.add("x", "");
    CHECK(fields.lines() == "x: \r\n");
    fields.clear();
    CHECK_FALSE(fields.contains("x"));
}

TEST_CASE("characters that would break the framing are refused at every position of a name and a value") {
    for (std::size_t place = 0; place < 40; ++place) {
        for (const char c : std::string_view("\r\n\0", 3)) {
            std::string text(40, 'v');
            text[place] = c;
            CHECK(is_refused("name", text));
            CHECK(is_refused(text, "value"));
        }
        for (const char c : {':', ' ', '\t'}) {
            std::string name(40, 'n');
            name[place] = c;
            CHECK(is_refused(name, "value"));
        }
        for (const char c : {'\t', '\x01', '\x7f', '\x80', '\xff', ':'}) {
            std::string value(40, 'v');
            value[place] = c;
            CHECK_FALSE(is_refused("name", value));
        }
    }
    CHECK(is_refused("", "value"));
    CHECK_FALSE(is_refused("a_name.of!other~characters", ""));
}

TEST_CASE("iteration yields the fields in order") {
    header_list fields;
    CHECK(fields.empty());
    CHECK(fields.begin() == fields.end());
    fields.add("Set-Cookie", "a=1; Path=/").add("x-empty", "").add("set-cookie", "b:2");
    CHECK(fields.size() == 3);
    std::string seen;
    for (const auto field : fields) seen.append(field.name).append("=").append(field.value).append("|");
    CHECK(seen == "Set-Cookie=a=1; Path=/|x-empty=|set-cookie=b:2|");
    auto second = fields.begin();
    CHECK((*second++).name == "Set-Cookie");
    CHECK((*second).name == "x-empty");
    fields.clear();
    CHECK(fields.empty());
    CHECK(fields.size() == 0);
}
