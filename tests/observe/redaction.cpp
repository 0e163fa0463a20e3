// SPDX-License-Identifier: MIT
// labels: unit
#include "observe/redaction.hpp"

#include <weir/observe/log.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

using weir::detail::redaction;

namespace {

bool hidden_by_default(std::string_view key) {
    static const redaction usual(weir::logger_options{}.redact);
    return usual.hides(key);
}

bool hidden_by(const std::vector<std::string>& names, std::string_view key) { return redaction(names).hides(key); }

} // namespace

TEST_CASE("keys that contain a secret's name as words are redacted, however they are spelled") {
    for (const char* key :
         {"password",
          "userPassword",
          "user_password",
          "USER_PASSWORD",
          "password_hash",
          "password2",
          "passwords",
          "passwd",
          "db_passwd",
          "pwd",
          "userPwd",
          "passphrase",
          "key-passphrase",
          "secret",
          "clientSecret",
          "client_secret",
          "wx_appsecret",
          "appSecret",
          "token",
          "accessToken",
          "access_token",
          "accesstoken",
          "ACCESSTOKEN",
          "refresh_token",
          "refreshToken",
          "x-csrf-token",
          "oauth2Token",
          "csrf.token",
          "JWTToken",
          "jwt",
          "userJWT",
          "JWTClaims",
          "authorization",
          "Authorization",
          "proxy-authorization",
          "credential",
          "credentials",
          "awsCredentials",
          "cookie",
          "Set-Cookie",
          "cookies",
          "api_key",
          "apiKey",
          "x-api-key",
          "X-API-Key",
          "APIKEY",
          "apikey",
          "api_key_pem",
          "session_key",
          "sessionKey",
          "session_id",
          "private_key",
          "privateKey",
          "private_key_pem",
          "signing_key",
          "secretKey",
          "AWSSecretAccessKey",
          "pin",
          "cardPin",
          "PINCode",
          "otp",
          "a_b_c_d_e_password",
          "aBCdEFghIJklToken"}) {
        CAPTURE(std::string(key));
        CHECK(hidden_by_default(key));
        CHECK(hidden_by(weir::logger_options{}.redact, key));
    }
}

TEST_CASE("keys that only resemble a secret's name are shown") {
    for (const char* key :
         {"tokens_used",
          "tokens",
          "keyboard",
          "monkey",
          "key",
          "author",
          "authority",
          "authored_by",
          "secretary",
          "tokenizer",
          "mytoken",
          "passwor",
          "passenger",
          "path",
          "pinned",
          "shipping",
          "ping",
          "happiness",
          "cookieless",
          "cooking",
          "api",
          "api_version",
          "session",
          "session_count",
          "sessions",
          "private",
          "private_network",
          "n",
          "id",
          "authentication_ms",
          "bearings",
          "apiKeyboard",
          "",
          "_",
          "-"}) {
        CAPTURE(std::string(key));
        CHECK_FALSE(hidden_by_default(key));
    }
}

TEST_CASE("keys whose last word describes a secret are shown, unless it is part of the name") {
    for (const char* key : {"token_count", "tokenType", "password_length", "cookie-name", "api_key_id",
                            "secret_version", "token_expires_at", "jwtSize", "password_max_age"}) {
        CAPTURE(std::string(key));
        CHECK_FALSE(hidden_by_default(key));
    }
    CHECK(hidden_by_default("session_id"));
    CHECK(hidden_by_default("sessionId"));
    CHECK_FALSE(hidden_by_default("session_id_count"));
    CHECK(hidden_by_default("token_count_secret"));
}

TEST_CASE("short names, names with digits and names with other separators are redacted as given") {
    CHECK(hidden_by({"x"}, "my-x"));
    CHECK(hidden_by({"X"}, "x1"));
    CHECK_FALSE(hidden_by({"x"}, "axe"));
    CHECK(hidden_by({"no"}, "card_no"));
    CHECK_FALSE(hidden_by({"no"}, "note"));
    CHECK(hidden_by({"Phone-Number"}, "phone_number"));
    CHECK(hidden_by({"phone number"}, "homePhoneNumber"));
    CHECK(hidden_by({"line2"}, "line_2"));
    CHECK_FALSE(hidden_by({"line2"}, "line_22"));
    CHECK_FALSE(hidden_by({"", "-"}, "anything"));
    CHECK_FALSE(hidden_by({}, "password"));
}

TEST_CASE("a key found to be shown is cached, and never matches another key") {
    weir::detail::shown_keys shown;
    CHECK(!shown.has(0x10001));
    shown.add(0x10001);
    CHECK(shown.has(0x10001));
    CHECK(!shown.has(0x10003));
    for (std::uint64_t hash = 1; hash < 4096; hash += 2) shown.add(hash << 8 | 1); // far more than fit
    CHECK(shown.has(0x10001));
    for (std::uint64_t hash = 0x1'0000'0001; hash < 0x1'0010'0001; hash += 256) CHECK(!shown.has(hash));
}
