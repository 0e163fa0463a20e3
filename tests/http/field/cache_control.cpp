// SPDX-License-Identifier: MIT
#include "http/field/cache_control.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string_view>

using namespace std::chrono_literals;
using weir::http::detail::cache_directives;
using weir::http::detail::parse_delta_seconds;

namespace {

cache_directives directives_in(std::string_view field) {
    cache_directives all;
    all.add(field);
    return all;
}

} // namespace

TEST_CASE("a number of seconds has digits only and ends at 2^31") {
    CHECK(parse_delta_seconds("0") == 0s);
    CHECK(parse_delta_seconds("0060") == 60s);
    CHECK(parse_delta_seconds("2147483648") == 2147483648s);
    CHECK(parse_delta_seconds("99999999999999999999999999") == 2147483648s);
    for (const char* wrong : {"", "-1", "+1", "1.5", "1s", " 1"}) CHECK(!parse_delta_seconds(wrong));
}

TEST_CASE("directives are found in any case, order and quoting") {
    const auto all = directives_in(
        "Public, MAX-AGE=5 , s-maxage=\"7\",,stale-while-revalidate=8, stale-if-error=9, proxy-revalidate, x=\"a, "
        "no-store\"");
    CHECK(all.is_public);
    CHECK(all.max_age == 5s);
    CHECK(all.s_maxage == 7s);
    CHECK(all.stale_while_revalidate == 8s);
    CHECK(all.stale_if_error == 9s);
    CHECK(all.must_revalidate);
    CHECK(!all.no_store);
    CHECK(!all.is_private);
    CHECK(!all.no_cache);
}

TEST_CASE("a directive that names fields counts as if it named none") {
    CHECK(directives_in("private=\"set-cookie, x\"").is_private);
    CHECK(directives_in("no-cache=\"set-cookie\"").no_cache);
}

TEST_CASE("of several times the shortest counts, and one that isn't a number is zero") {
    CHECK(directives_in("max-age=5, max-age=3, max-age=9").max_age == 3s);
    CHECK(directives_in("max-age=soon").max_age == 0s);
    CHECK(directives_in("max-age").max_age == 0s);
    CHECK(directives_in("max-age=-5, max-age=3").max_age == 0s);
    CHECK(!directives_in("maxage=5").max_age);
}
