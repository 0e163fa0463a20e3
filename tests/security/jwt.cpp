// SPDX-License-Identifier: MIT
// labels: concurrency
#include "security/test_keys.hpp"
#include <weir/security/crypto.hpp>
#include <weir/security/jwt.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace std::chrono_literals;
using weir::errc;
using weir::jwt_claims;
using weir::jwt_key;
using weir::jwt_keys;
using weir::jwt_options;
using weir::security::base64url_decode;
using weir::security::base64url_encode;

namespace {

// The manual clock begins at 2026-01-01T00:00:00Z.
constexpr std::int64_t start = 1767225600;
constexpr std::string_view secret = "a secret of at least 32 bytes, or so";

jwt_key hs(std::string kid = {}, std::string_view bytes = secret) {
    return jwt_key::hs256(bytes, std::move(kid)).value();
}

// Builds a token by hand: any header, any payload, signed with any key.
std::string forge(std::string_view header, std::string_view payload, const jwt_key& key) {
    const std::string input = base64url_encode(header) + "." + base64url_encode(payload);
    return input + "." + base64url_encode(key.sign(input));
}

// The failed check: the end of the error's chain of causes.
std::string why(const weir::error& failure) {
    weir::error last = failure;
    while (last.cause()) last = last.cause();
    return std::string(last.message());
}

struct fixture {
    weir::manual_clock clock;
    jwt_keys keys{hs(), options()};

    jwt_options options() const { return {.clock = &clock}; }

    std::string signed_payload(std::string_view payload) const {
        return forge(R"({"alg":"HS256","typ":"JWT"})", payload, hs());
    }
    std::string signed_header(std::string_view header) const {
        return forge(header, R"({"sub":"42","exp":1767229200})", hs());
    }
};

// Application-specific claims.
struct shop_claims {
    std::string sub{};
    std::int64_t shop{};
};
BOOST_DESCRIBE_STRUCT(shop_claims, (), (sub, shop))

} // namespace

TEST_CASE_FIXTURE(fixture, "signed claims come back with their times filled in") {
    const auto token = keys.sign(jwt_claims{.sub = "42", .roles = {"admin"}, .jti = "one"}).value();
    const jwt_claims claims = keys.verify(token).value();
    CHECK(claims == jwt_claims{.sub = "42", .roles = {"admin"}, .jti = "one", .iat = start, .exp = start + 3600});
}

TEST_CASE_FIXTURE(fixture, "claims may be any described struct") {
    const auto token = keys.sign(shop_claims{"42", 7}).value();
    CHECK(keys.verify<shop_claims>(token)->shop == 7);
    CHECK(keys.verify(token)->sub == "42");
}

TEST_CASE_FIXTURE(fixture, "times set in the claims are kept") {
    const auto token =
        keys.sign(jwt_claims{.sub = "42", .iat = start - 5, .nbf = start - 5, .exp = start + 60}).value();
    const auto claims = keys.verify(token).value();
    CHECK(claims.iat == start - 5);
    CHECK(claims.exp == start + 60);
}

TEST_CASE_FIXTURE(fixture, "all three algorithms sign and verify, each with its name in the header") {
    const std::pair<std::string_view, jwt_key> all[] = {
        {"HS256", hs()},
        {"RS256", jwt_key::rs256_private(test_keys::rsa_private).value()},
        {"ES256", jwt_key::es256_private(test_keys::rfc_es256_private).value()}};
    for (const auto& [algorithm, key] : all) {
        const jwt_keys set(key, options());
        const auto token = set.sign(jwt_claims{.sub = "42"}).value();
        CHECK(base64url_decode(token.substr(0, token.find('.'))).value() ==
              R"({"alg":")" + std::string(algorithm) + R"(","typ":"JWT"})");
        CHECK(set.verify(token)->sub == "42");
    }
}

TEST_CASE("the token of RFC 7515 A.1 is valid until the second at which it expires") {
    struct clock_of_2011 final : weir::clock {
        std::int64_t now_s = 1300819379;
        weir::time_point now() const noexcept override { return {}; }
        weir::wall_time wall_now() const noexcept override { return weir::wall_time(std::chrono::seconds(now_s)); }
    } clock;
    const jwt_keys keys(
        jwt_key::hs256(base64url_decode(test_keys::rfc_hs256).value()).value(), {.leeway = 0s, .clock = &clock});
    constexpr std::string_view token =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    CHECK(keys.verify(token)->iss == "joe");
    clock.now_s = 1300819380;
    CHECK(keys.verify(token).error().code() == "token_expired");
}

TEST_CASE_FIXTURE(fixture, "a token expires exactly when exp and the leeway have passed") {
    const auto token = keys.sign(jwt_claims{.sub = "42", .exp = start + 60}).value();
    clock.advance(90s - 1us);
    CHECK(keys.verify(token).has_value());
    clock.advance(1us);
    const auto expired = keys.verify(token).error();
    CHECK(expired == errc::unauthenticated);
    CHECK(expired.code() == "token_expired");
    CHECK(expired.message() == "the token has expired");
}

TEST_CASE_FIXTURE(fixture, "nbf and iat in the future are refused beyond the leeway") {
    for (const std::string_view claim : {"nbf", "iat"}) {
        const auto at = [&](std::int64_t time) {
            return keys.verify(
                signed_payload(R"({"exp":1767300000,")" + std::string(claim) + "\":" + std::to_string(time) + "}"));
        };
        CHECK(at(start + 30).has_value());
        CHECK(at(start - 100).has_value());
        CHECK(at(start + 31).error().code() == "invalid_token");
        CHECK(why(at(start + 31).error()) == std::string(claim) + " is in the future");
    }
}

TEST_CASE_FIXTURE(fixture, "times with a fraction of a second become whole seconds in the claims") {
    const auto claims = keys.verify(signed_payload(R"({"iat":1767225599.25,"nbf":-1.5,"exp":1767229200.75})"));
    REQUIRE(claims.has_value());
    CHECK(*claims == jwt_claims{.iat = start - 1, .nbf = -2, .exp = start + 3600});
    CHECK(keys.verify(signed_payload(R"({"exp":1.7672292e9})"))->exp == start + 3600);
    CHECK(keys.verify(signed_payload(R"({"exp":1e300})"))->exp == 9'000'000'000'000'000'000);
    CHECK(keys.verify(signed_payload(R"({"exp":1767229200})"))->exp == start + 3600);
    CHECK(keys.verify(signed_payload(R"({"exp":1767225500.5})")).error().code() == "token_expired");
}

TEST_CASE_FIXTURE(fixture, "exp is required and must be a number; fractions are numbers") {
    CHECK(why(keys.verify(signed_payload(R"({"sub":"42"})")).error()) == "exp is missing");
    for (const std::string_view exp : {R"("1767229200")", "true", "[]", "{}"})
        CHECK(keys.verify(signed_payload(R"({"exp":)" + std::string(exp) + "}")).error().code() == "invalid_token");
    CHECK(keys.verify<shop_claims>(signed_payload(R"({"sub":"1","shop":2,"exp":1767229200.5})")).has_value());
    CHECK(keys.verify(signed_payload(R"({"exp":-1})")).error().code() == "token_expired");
}

TEST_CASE_FIXTURE(fixture, "a token without a signature or with alg none is refused") {
    for (const std::string_view alg : {"none", "None", "NONE", "nOnE", ""}) {
        const std::string header = R"({"alg":")" + std::string(alg) + R"(","typ":"JWT"})";
        const std::string input = base64url_encode(header) + "." + base64url_encode(R"({"exp":1767229200})");
        CHECK(keys.verify(input + ".").error().code() == "invalid_token");
        CHECK(keys.verify(forge(header, R"({"exp":1767229200})", hs())).error().code() == "invalid_token");
    }
    const auto good = keys.sign(jwt_claims{.sub = "42"}).value();
    CHECK(why(keys.verify(good.substr(0, good.rfind('.') + 1)).error()) == "the signature is wrong");
}

TEST_CASE_FIXTURE(fixture, "an RSA or EC public key never serves as an HMAC secret") {
    const std::pair<jwt_key, std::string_view> publics[] = {
        {jwt_key::rs256_public(test_keys::rsa_public).value(), test_keys::rsa_public},
        {jwt_key::es256_public(test_keys::rfc_es256_public).value(), test_keys::rfc_es256_public}};
    for (const auto& [key, pem] : publics) {
        const jwt_keys set(key, options());
        const auto forged = forge(R"({"alg":"HS256","typ":"JWT"})", R"({"exp":1767229200})", hs({}, pem));
        CHECK(why(set.verify(forged).error()) == "no key matches the token's alg and kid");
    }
}

TEST_CASE_FIXTURE(fixture, "a signature can't be verified with the alg of another key in the set") {
    const jwt_key rsa = jwt_key::rs256_private(test_keys::rsa_private, "a").value();
    const jwt_keys set(rsa, {hs("b")}, options());
    const std::string payload = R"({"exp":1767229200})";
    CHECK(set.verify(forge(R"({"alg":"RS256","kid":"a"})", payload, rsa)).has_value());
    CHECK(set.verify(forge(R"({"alg":"HS256","kid":"b"})", payload, hs())).has_value());
    CHECK(set.verify(forge(R"({"alg":"HS256","kid":"a"})", payload, hs())).error().code() == "invalid_token");
    CHECK(set.verify(forge(R"({"alg":"RS256","kid":"a"})", payload, hs())).error().code() == "invalid_token");
    CHECK(set.verify(forge(R"({"alg":"RS512","kid":"a"})", payload, rsa)).error().code() == "invalid_token");
}

TEST_CASE_FIXTURE(fixture, "key rotation: the new key signs and the old one's tokens stay valid until it is removed") {
    const jwt_keys before(hs("k1"), options());
    const jwt_keys between(hs("k2", "another secret of 32 bytes or more"), {hs("k1")}, options());
    const jwt_keys after(hs("k2", "another secret of 32 bytes or more"), options());
    const auto old_token = before.sign(jwt_claims{.sub = "42"}).value();
    const auto new_token = between.sign(jwt_claims{.sub = "42"}).value();

    CHECK(between.verify(old_token).has_value());
    CHECK(between.verify(new_token).has_value());
    CHECK(after.verify(new_token).has_value());
    CHECK(why(after.verify(old_token).error()) == "no key matches the token's alg and kid");
    CHECK(why(before.verify(new_token).error()) == "no key matches the token's alg and kid");
}

TEST_CASE_FIXTURE(fixture, "a token without a kid needs a set with one key of its algorithm, or one without a name") {
    const auto bare = signed_header(R"({"alg":"HS256"})");
    CHECK(jwt_keys(hs("k1"), options()).verify(bare).has_value());
    const jwt_key rsa = jwt_key::rs256_public(test_keys::rsa_public, "r").value();
    CHECK(jwt_keys(hs("k1"), {rsa}, options()).verify(bare).has_value());
    CHECK(jwt_keys(hs("k1"), {hs("k2")}, options()).verify(bare).error().code() == "invalid_token");
    CHECK(jwt_keys(hs("k2", std::string(32, 'x')), {hs()}, options()).verify(bare).has_value());
}

TEST_CASE_FIXTURE(fixture, "a token with a kid needs a key of that name, even if there is only one key") {
    CHECK(keys.verify(signed_header(R"({"alg":"HS256","kid":"k9"})")).error().code() == "invalid_token");
    CHECK(jwt_keys(hs("k1"), options()).verify(signed_header(R"({"alg":"HS256","kid":"k1"})")).has_value());
    CHECK_FALSE(jwt_keys(hs("k1"), options()).verify(signed_header(R"({"alg":"HS256","kid":7})")).has_value());
}

TEST_CASE_FIXTURE(fixture, "a kid may be any string") {
    const jwt_keys odd(hs("a \"quoted\" \\ kid\n"), options());
    CHECK(odd.verify(odd.sign(jwt_claims{.sub = "42"}).value()).has_value());
}

TEST_CASE("two keys of one algorithm with one kid are an error at start-up") {
    CHECK_THROWS_AS(jwt_keys(hs("k"), {hs("k")}), weir::error_exception);
    CHECK_THROWS_AS(jwt_keys(hs(), {hs()}), weir::error_exception);
    CHECK_NOTHROW(jwt_keys(hs("k"), {jwt_key::rs256_public(test_keys::rsa_public, "k").value()}));
}

TEST_CASE_FIXTURE(fixture, "a header with crit is refused, whatever it contains") {
    for (const std::string_view crit : {R"(["exp"])", "[]", R"("exp")", "null", "1", "{}"})
        CHECK(keys.verify(signed_header(R"({"alg":"HS256","crit":)" + std::string(crit) + "}")).error().code() ==
              "invalid_token");
    CHECK(keys.verify(signed_header(R"({"alg":"HS256","\u0063rit":["b64"],"b64":false})")).error().code() ==
          "invalid_token");
}

TEST_CASE_FIXTURE(fixture, "a header that isn't a JSON object with one alg is refused") {
    for (const std::string_view header :
         {"", "{}", "[]", "null", "\"HS256\"", R"({"alg":"HS256")", R"({"alg":"HS256"}x)", R"({"alg":null})",
          R"({"alg":["HS256"]})", R"({"alg":"HS256","alg":"HS256"})", R"({"alg":"hs256"})", R"({"ALG":"HS256"})"})
        CHECK(keys.verify(signed_header(header)).error().code() == "invalid_token");
    CHECK(
        keys.verify(signed_header(R"( { "typ" : "at+jwt", "x5u":"https://evil", "jwk":{"k":"x"}, "alg" : "HS256" } )"))
            .has_value());
}

TEST_CASE_FIXTURE(fixture, "a payload that isn't a JSON object with each claim once is refused") {
    for (const std::string_view payload :
         {"", "[]", "null", R"({"exp":1767229200)", R"({"exp":1767229200}})", R"({"exp":1,"exp":1767229200})",
          R"({"exp":1767229200,"sub":7})", "{\"exp\":1767229200,\"sub\":\"\xff\"}"})
        CHECK(keys.verify(signed_payload(payload)).error().code() == "invalid_token");
    CHECK(keys.verify(signed_payload(R"({"exp":1767229200,"more":{"deep":[1,{}]}})")).has_value());
}

TEST_CASE_FIXTURE(fixture, "any changed character of a token is refused") {
    const jwt_key all[] = {hs("k1"), jwt_key::rs256_private(test_keys::rsa_private, "k1").value(),
                           jwt_key::es256_private(test_keys::rfc_es256_private, "k1").value()};
    for (const auto& key : all) {
        const jwt_keys set(key, options());
        const std::string good = set.sign(jwt_claims{.sub = "42", .roles = {"customer"}}).value();
        for (std::size_t at = 0; at < good.size(); ++at)
            for (const char other : {'A', '_', '.', '=', '\0', static_cast<char>(good[at] ^ 1)}) {
                std::string bad = good;
                bad[at] = other;
                if (bad != good) REQUIRE_FALSE(set.verify(bad).has_value());
            }
    }
}

TEST_CASE_FIXTURE(fixture, "a truncated or extended token is refused") {
    const std::string good = keys.sign(jwt_claims{.sub = "42"}).value();
    for (std::size_t length = 0; length < good.size(); ++length)
        REQUIRE_FALSE(keys.verify(good.substr(0, length)).has_value());
    for (const std::string_view more : {".", "A", "=", " ", "\n", ".A", "AAAA"}) {
        CHECK_FALSE(keys.verify(good + std::string(more)).has_value());
        CHECK_FALSE(keys.verify(std::string(more) + good).has_value());
    }
    CHECK_FALSE(keys.verify("Bearer " + good).has_value());
}

TEST_CASE_FIXTURE(fixture, "a token has one encoding: nonzero spare bits at the end of a part are refused") {
    const std::string good = keys.sign(jwt_claims{.sub = "42"}).value();
    std::string twin = good;
    const std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    twin.back() = letters[letters.find(twin.back()) ^ 1]; // a MAC's last letter has two spare bits
    CHECK(why(keys.verify(twin).error()) == "nonzero bits after the last base64 byte");
}

TEST_CASE_FIXTURE(fixture, "a missing token is plain unauthenticated") {
    CHECK(keys.verify("").error() == errc::unauthenticated);
    CHECK(keys.verify("").error().code() == "unauthenticated");
    for (const std::string_view text : {".", "..", "...", "a.b", "a.b.c"})
        CHECK(keys.verify(text).error().code() == "invalid_token");
}

TEST_CASE_FIXTURE(fixture, "a token over 8 KiB is refused unread, and never signed") {
    const std::string header = base64url_encode(R"({"alg":"HS256","typ":"JWT"})");
    CHECK(why(keys.verify(std::string(8193, 'a')).error()) == "more than 8 KiB");
    CHECK(why(keys.verify(std::string(8192, 'a')).error()) == "a token must have three parts separated by dots");
    CHECK(why(keys.verify(std::string(8'000'000, '.')).error()) == "more than 8 KiB");
    CHECK(keys.sign(jwt_claims{.sub = std::string(8192, 's')}).error() == errc::too_large);
    CHECK(keys.verify(keys.sign(jwt_claims{.sub = std::string(5000, 's')}).value()).has_value());
}

TEST_CASE_FIXTURE(fixture, "issuer and audience are filled in and required") {
    const jwt_keys shop(hs(), {.issuer = "shop", .audience = "app", .clock = &clock});
    const jwt_keys other(hs(), {.issuer = "other", .audience = "app", .clock = &clock});
    const auto token = shop.sign(jwt_claims{.sub = "42"}).value();
    CHECK(shop.verify(token)->iss == "shop");
    CHECK(keys.verify(token).has_value());
    CHECK(why(other.verify(token).error()) == "iss doesn't match");
    CHECK(why(shop.verify(keys.sign(jwt_claims{.sub = "42"}).value()).error()) == "iss doesn't match");
    const jwt_keys elsewhere(hs(), {.issuer = "shop", .audience = "admin", .clock = &clock});
    CHECK(why(elsewhere.verify(token).error()) == "aud doesn't match");
}

TEST_CASE_FIXTURE(fixture, "an audience may be one of several") {
    const jwt_keys app(hs(), {.audience = "app", .clock = &clock});
    CHECK(app.verify(signed_payload(R"({"exp":1767229200,"aud":["web","app"]})")).has_value());
    CHECK(app.verify(signed_payload(R"({"exp":1767229200,"aud":"app"})")).has_value());
    for (const std::string_view aud : {R"(["web"])", "[]", "7", R"([["app"]])", R"("app ")"})
        CHECK(app.verify(signed_payload(R"({"exp":1767229200,"aud":)" + std::string(aud) + "}")).error().code() ==
              "invalid_token");
    CHECK(app.verify(signed_payload(R"({"exp":1767229200})")).error().code() == "invalid_token");
}

TEST_CASE_FIXTURE(fixture, "claims that aren't an object, or contain a claim of the wrong type, aren't signed") {
    CHECK(keys.sign_json("[]").error() == errc::internal);
    CHECK(keys.sign_json(R"({"exp":"tomorrow"})").error() == errc::internal);
    CHECK(keys.sign_json(R"({"exp":null})").error() == errc::internal);
    CHECK(keys.sign_json("not JSON").error() == errc::internal);
    CHECK(keys.verify_json(keys.sign_json(" { }").value()).value() == R"({"exp":1767229200,"iat":1767225600 })");
}

TEST_CASE_FIXTURE(fixture, "a set whose first key is public verifies and doesn't sign") {
    const jwt_keys open(jwt_key::rs256_public(test_keys::rsa_public).value(), options());
    const jwt_keys closed(jwt_key::rs256_private(test_keys::rsa_private).value(), options());
    CHECK(open.verify(closed.sign(jwt_claims{.sub = "42"}).value()).has_value());
    CHECK(open.sign(jwt_claims{.sub = "42"}).error() == errc::internal);
}

TEST_CASE_FIXTURE(fixture, "tokens signed by the openssl command are valid") {
    const jwt_keys rsa(jwt_key::rs256_public(test_keys::rsa_public, "test").value(), options());
    CHECK(rsa.verify("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InRlc3QifQ."
                     "eyJzdWIiOiI0MiIsImV4cCI6MTc2NzIyOTIwMH0."
                     "LCSXuLE1HKNtCqpRsl4GfPHOIEtGvFsqyqs6phPKieMENBfZFs1Tnvvxl6FkFXOJo-"
                     "IZwo8e8gzW0RRVW1nYsCDgVpSmQ7aUGtSl3uQ9cnFk8Zvo-I4EcnCfIol-xOeimAHZ_ASJWCbF9-"
                     "5njg3PmjvIHPPd0q9XkKnODEqMIqS9loIfukyGr8doVzUBYwuU4YG_Uwzr7Bv0GbxIIz809f8LnaUCCd1almToTJ_"
                     "STYzJdPZHZxpPI3nBRSszC64PvRV_8VNeybzS1ufWxEeMjOyC3i4loQXOaUOcreRKtBMT7kVrZsByEYnDoGci2ib2vN6O"
                     "dPPgzz-ciVBDABYLiQ")
              ->sub == "42");
    const jwt_keys ec(jwt_key::es256_public(test_keys::rfc_es256_public, "test").value(), options());
    CHECK(ec.verify("eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InRlc3QifQ."
                    "eyJzdWIiOiI0MiIsImV4cCI6MTc2NzIyOTIwMH0."
                    "kS-w5y8qCJ-cjtrM7f7TwglBkArZeMiL_BF567yuW0ZZ0oHS1lgvGj4aWEgdccgfCzDdheRMn_dMENGZ9uGS1A")
              ->sub == "42");
}

TEST_CASE_FIXTURE(fixture, "a refusal doesn't reveal to the client which check failed") {
    const auto wrong_signature = keys.verify(forge(R"({"alg":"HS256"})", "{}", hs({}, std::string(32, 'x')))).error();
    const auto wrong_payload = keys.verify(signed_payload("{}")).error();
    CHECK(wrong_signature.message() == wrong_payload.message());
    CHECK(wrong_signature.code() == wrong_payload.code());
    CHECK(wrong_signature.details().empty());
    CHECK(why(wrong_signature) != why(wrong_payload));
}

TEST_CASE_FIXTURE(fixture, "one set of keys serves several threads concurrently") {
    const std::string token = keys.sign(jwt_claims{.sub = "42"}).value();
    std::atomic<int> good = 0;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread)
            threads.emplace_back([&, own = keys] {
                for (int i = 0; i < 200; ++i) {
                    good += keys.verify(token).has_value();
                    good += own.verify(own.sign(jwt_claims{.sub = "7"}).value()).has_value();
                }
            });
    }
    CHECK(good == 4 * 200 * 2);
}
