// SPDX-License-Identifier: MIT
#include <weir/security/crypto.hpp>

#include <doctest/doctest.h>

#include <utility>

using namespace weir::security;
using weir::errc;

TEST_CASE("base64 encodes and decodes the examples of RFC 4648") {
    const std::pair<std::string_view, std::string_view> vectors[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : vectors) {
        CHECK(base64_encode(bytes) == text);
        CHECK(base64_decode(text).value() == bytes);
    }
}

TEST_CASE("base64url has its own two characters and no padding") {
    CHECK(base64url_encode("\xfb\xff") == "-_8");
    CHECK(base64_encode("\xfb\xff") == "+/8=");
    CHECK(base64url_decode("-_8").value() == "\xfb\xff");
    CHECK(base64url_decode("+/8").error() == errc::invalid_argument);
    CHECK(base64_decode("-_8=").error() == errc::invalid_argument);
}

TEST_CASE("every byte at every position survives a round trip") {
    for (std::size_t length = 1; length <= 4; ++length)
        for (int byte = 0; byte < 256; ++byte) {
            const std::string bytes(length, static_cast<char>(byte));
            REQUIRE(base64url_decode(base64url_encode(bytes)).value() == bytes);
            REQUIRE(base64_decode(base64_encode(bytes)).value() == bytes);
        }
}

TEST_CASE("base64url refuses padding, white space, invalid characters and impossible lengths") {
    for (const std::string_view text : {"Zg==", "Zg=", "Zg ", " Zg", "Z g", "Zm9v\n", "Z", "Zm9vZ", "Zm9$", "Zm\x80v"})
        CHECK(base64url_decode(text).error() == errc::invalid_argument);
    CHECK(base64url_decode(std::string_view("Zg\0", 3)).error() == errc::invalid_argument);
}

TEST_CASE("base64 refuses missing, excessive and misplaced padding") {
    for (const std::string_view text : {"Zg", "Zg=", "Zm8", "Zm9v====", "Zg==Zg==", "=Zg=", "====", "Z==="})
        CHECK(base64_decode(text).error() == errc::invalid_argument);
}

TEST_CASE("bits after the last byte must be zero, so each value has one encoding") {
    CHECK(base64url_decode("Zg").value() == "f");
    for (const std::string_view twin : {"Zh", "Zi", "Zv"})
        CHECK(base64url_decode(twin).error() == errc::invalid_argument);
    CHECK(base64url_decode("Zm8").value() == "fo");
    for (const std::string_view twin : {"Zm9", "Zm-", "Zm_"})
        CHECK(base64url_decode(twin).error() == errc::invalid_argument);
    CHECK(base64_decode("Zh==").error() == errc::invalid_argument);
}
