// SPDX-License-Identifier: MIT
#include <weir/core/utf8.hpp>

#include <doctest/doctest.h>

#include <string>

TEST_CASE("text of every code point length is well-formed") {
    CHECK(weir::is_utf8(""));
    CHECK(weir::is_utf8("plain ascii, longer than a word"));
    CHECK(weir::is_utf8("\u00E9\u5F20\U0001F600"));
    CHECK(weir::is_utf8("\x7F\u0080\u07FF\u0800\uD7FF\uE000\uFFFF\U00010000\U0010FFFF"));
}

TEST_CASE("an ill-formed byte is found at every position") {
    for (std::size_t before = 0; before < 20; ++before)
        for (std::size_t after = 0; after < 20; ++after)
            CHECK(!weir::is_utf8(std::string(before, 'a') + '\xFF' + std::string(after, 'b')));
}

TEST_CASE("ASCII is distinguished from everything else") {
    CHECK(weir::is_ascii(""));
    CHECK(weir::is_ascii("plain\x7F and longer than a word"));
    for (std::size_t before = 0; before < 20; ++before) CHECK(!weir::is_ascii(std::string(before, 'a') + "\x80 tail"));
}

TEST_CASE("overlong forms, surrogates and code points that don't exist are ill-formed") {
    for (const char* text :
         {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", // overlong
          "\xED\xA0\x80", "\xED\xBF\xBF",                             // surrogates
          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",                     // above U+10FFFF
          "\x80", "\xC3", "\xE5\xBC", "\xF0\x9F\x98", "\xC3(", "\xE5\xBC("})
        CHECK_MESSAGE(!weir::is_utf8(text), text);
}

TEST_CASE("an ill-formed part ends where a code point could begin") {
    CHECK(weir::next_utf8("\xE5\xBC(").length == 2);
    CHECK(weir::next_utf8("\xF0\x9F\x98").length == 3);
    CHECK(weir::next_utf8("\xED\xA0\x80").length == 1);
    CHECK(weir::next_utf8("\u5F20x").length == 3);
}

TEST_CASE("length counts code points, and an ill-formed part as one") {
    CHECK(weir::utf8_length("") == 0);
    CHECK(weir::utf8_length("abcdefghijk") == 11);
    CHECK(weir::utf8_length("张三abc😀") == 6);
    CHECK(weir::utf8_length("a\xE5\xBC z") == 4);
}
