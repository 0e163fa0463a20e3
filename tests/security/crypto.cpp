// SPDX-License-Identifier: MIT
// labels: concurrency
#include <weir/security/crypto.hpp>

#include <doctest/doctest.h>

#include <set>
#include <thread>
#include <vector>

using namespace weir::security;

TEST_CASE("SHA-256 gives the digests of FIPS 180-4's examples") {
    CHECK(hex_encode(bytes_of(sha256(""))) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hex_encode(bytes_of(sha256("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("HMAC-SHA256 gives the MACs of RFC 4231") {
    const std::string key_1(20, '\x0b');
    CHECK(hex_encode(bytes_of(hmac_sha256(key_1, "Hi There"))) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(hex_encode(bytes_of(hmac_sha256("Jefe", "what do ya want for nothing?"))) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    const std::string long_key(131, '\xaa');
    CHECK(hex_encode(bytes_of(hmac_sha256(long_key, "Test Using Larger Than Block-Size Key - Hash Key First"))) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("an empty HMAC key is a key") {
    CHECK(hex_encode(bytes_of(hmac_sha256("", ""))) ==
          "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("a prepared key signs repeatedly and like the one-shot function") {
    const hmac_sha256_key key("a secret");
    for (const std::string_view data : {"", "one", "two", "one"})
        CHECK(key.sign(data) == hmac_sha256("a secret", data));
}

TEST_CASE("a MAC is verified in full") {
    const hmac_sha256_key key("a secret");
    const sha256_digest mac = key.sign("data");
    CHECK(key.verify("data", bytes_of(mac)));
    CHECK_FALSE(key.verify("Data", bytes_of(mac)));
    CHECK_FALSE(key.verify("data", bytes_of(mac).substr(1)));
    CHECK_FALSE(key.verify("data", ""));
}

TEST_CASE("one HMAC key serves several threads concurrently") {
    const hmac_sha256_key key("shared");
    const sha256_digest expected = key.sign("payload");
    std::vector<int> wrong(4);
    std::vector<std::jthread> threads;
    for (int& count : wrong)
        threads.emplace_back([&] {
            for (int i = 0; i < 2000; ++i) count += key.sign("payload") != expected;
        });
    threads.clear();
    CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("constant_time_equal compares bytes, including NUL") {
    CHECK(constant_time_equal("", ""));
    CHECK(constant_time_equal("same", "same"));
    CHECK_FALSE(constant_time_equal("same", "sane"));
    CHECK_FALSE(constant_time_equal("same", "same "));
    CHECK_FALSE(constant_time_equal(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST_CASE("random tokens have the requested strength, fit a URL and don't repeat") {
    CHECK(random_token().size() == 22);
    CHECK(random_token(256).size() == 43);
    CHECK(random_token(1).size() == 2);
    CHECK(random_token(256).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
          std::string::npos);
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(random_token());
    CHECK(seen.size() == 1000);
}
