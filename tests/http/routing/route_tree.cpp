// SPDX-License-Identifier: MIT
#include "http/routing/route_tree.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir::http;
using namespace weir::http::detail;
using weir::errc;

namespace {

struct route {
    method verb;
    const char* pattern;
};

route_tree tree_of(const std::vector<route>& routes) {
    route_tree tree;
    std::uint32_t index = 0;
    for (const auto& each : routes) REQUIRE(tree.insert(each.verb, each.pattern, index++).has_value());
    return tree;
}

/// "pattern index: capture,capture", "404", "404 slash" or "405".
std::string lookup(const route_tree& tree, std::string_view path, method verb = method::get) {
    const auto found = tree.match(verb, path);
    if (found.status == route_status::method_not_allowed) return "405";
    if (found.status == route_status::not_found) return found.alternative_slash ? "404 slash" : "404";
    std::string text = std::to_string(found.route);
    for (std::size_t i = 0; i < found.capture_count; ++i)
        text.append(i == 0 ? ": " : ",").append(found.captures[i].in(path));
    return text;
}

errc insert_kind(route_tree& tree, std::string_view pattern, method verb = method::get) {
    const auto inserted = tree.insert(verb, pattern, 0);
    return inserted ? errc::ok : inserted.error().kind();
}

} // namespace

TEST_CASE("text, parameters and wildcards match their segments") {
    const auto tree = tree_of(
        {{method::get, "/"},
         {method::get, "/users"},
         {method::get, "/users/{id}"},
         {method::get, "/users/{id}/orders/{order}"},
         {method::get, "/files/{*path}"},
         {method::get, "/a-text-longer-than-eight/bytes"}});
    CHECK(lookup(tree, "/") == "0");
    CHECK(lookup(tree, "/users") == "1");
    CHECK(lookup(tree, "/users/42") == "2: 42");
    CHECK(lookup(tree, "/users/42/orders/7") == "3: 42,7");
    CHECK(lookup(tree, "/files/a/b//c") == "4: a/b//c");
    CHECK(lookup(tree, "/files/") == "4: ");
    CHECK(lookup(tree, "/a-text-longer-than-eight/bytes") == "5");
    for (const auto* path :
         {"/user", "/usersx", "/users/42/orders", "/users//orders/7", "/Users", "/a-text-longer-than-eighty/bytes", "",
          "*", "users", "/users/42/orders/7/8", "/users/42/orders/"}) {
        CAPTURE(path);
        CHECK(lookup(tree, path) == "404");
    }
}

TEST_CASE("an empty tree finds nothing") {
    const route_tree tree;
    CHECK(lookup(tree, "/") == "404");
    CHECK(lookup(tree, "/a/b") == "404");
}

TEST_CASE("text takes precedence over a parameter and a parameter over a wildcard") {
    const auto tree = tree_of({{method::get, "/{*rest}"}, {method::get, "/{id}"}, {method::get, "/me"}});
    CHECK(lookup(tree, "/me") == "2");
    CHECK(lookup(tree, "/you") == "1: you");
    CHECK(lookup(tree, "/me/you") == "0: me/you");
    CHECK(lookup(tree, "/me/") == "0: me/");
    CHECK(lookup(tree, "/") == "0: ");
}

TEST_CASE("if the better branch fails deeper, the next one is tried") {
    const auto tree = tree_of(
        {{method::get, "/a/b/c"},
         {method::get, "/a/{x}/d"},
         {method::get, "/{y}/b/e"},
         {method::get, "/{y}/{z}/{w}/f"},
         {method::get, "/{*all}"}});
    CHECK(lookup(tree, "/a/b/c") == "0");
    CHECK(lookup(tree, "/a/b/d") == "1: b");
    CHECK(lookup(tree, "/a/b/e") == "2: a");
    CHECK(lookup(tree, "/a/b/c/f") == "3: a,b,c");
    CHECK(lookup(tree, "/a/b/x") == "4: a/b/x");
}

TEST_CASE("a path with only another method is a 405 with all its methods") {
    const auto tree = tree_of(
        {{method::get, "/a/{id}"}, {method::delete_, "/a/{id}"}, {method::post, "/a/me"}, {method::put, "/a/{*x}"}});
    CHECK(lookup(tree, "/a/me", method::patch) == "405");
    const auto found = tree.match(method::patch, "/a/me");
    for (const auto verb : {method::get, method::delete_, method::post, method::put})
        CHECK(found.allowed.contains(verb));
    CHECK(!found.allowed.contains(method::patch));
    CHECK(!tree.match(method::patch, "/a/7").allowed.contains(method::post));
}

TEST_CASE("a better branch without the method yields to one that has it") {
    const auto tree = tree_of({{method::get, "/a/{id}"}, {method::post, "/a/me"}, {method::delete_, "/a/{*x}"}});
    CHECK(lookup(tree, "/a/me") == "0: me");
    CHECK(lookup(tree, "/a/me", method::post) == "1");
    CHECK(lookup(tree, "/a/me", method::delete_) == "2: me");
}

TEST_CASE("a path that differs from a route by its trailing slash reports it") {
    const auto tree = tree_of(
        {{method::get, "/a"},
         {method::get, "/b/"},
         {method::get, "/c/{id}"},
         {method::get, "/d/{id}/"},
         {method::get, "/e/{*x}"},
         {method::post, "/f"}});
    CHECK(lookup(tree, "/a/") == "404 slash");
    CHECK(lookup(tree, "/b") == "404 slash");
    CHECK(lookup(tree, "/b/") == "1");
    CHECK(lookup(tree, "/c/7/") == "404 slash");
    CHECK(lookup(tree, "/d/7") == "404 slash");
    CHECK(lookup(tree, "/d/7/") == "3: 7");
    CHECK(lookup(tree, "/e") == "404 slash");
    CHECK(lookup(tree, "/f/") == "404"); // the method would not be allowed there
    CHECK(lookup(tree, "/c/") == "404");
    CHECK(lookup(tree, "/c") == "404");
    CHECK(lookup(tree, "/") == "404");
    CHECK(lookup(tree, "/a//") == "404");
}

TEST_CASE("escapes are decoded for matching text and kept in captures") {
    const auto tree = tree_of(
        {{method::get, "/a b/c"},
         {method::get, "/\xe5\xbc\xa0/{id}"},
         {method::get, "/x/{id}"},
         {method::get, "/r/{*p}"}});
    CHECK(lookup(tree, "/a%20b/%63") == "0");
    CHECK(lookup(tree, "/%E5%BC%A0/1%202") == "1: 1%202");
    CHECK(lookup(tree, "/x/a%2Fb") == "2: a%2Fb");
    CHECK(lookup(tree, "/x%2Fa") == "404");
    CHECK(lookup(tree, "/r/a%20/b") == "3: a%20/b");
    CHECK(lookup(tree, "/" + std::string(300, 'a') + "%20/c") == "404");
    CHECK(lookup(tree, "/x%2") == "404");
}

TEST_CASE("paths longer than the fast scan match as well") {
    const std::string long_text(70, 't');
    route_tree tree;
    REQUIRE(tree.insert(method::get, "/" + long_text + "/{id}/b/{*rest}", 1));
    REQUIRE(tree.insert(method::get, "/{a}/{b}/longer-than-eight/x", 2));
    CHECK(lookup(tree, "/" + long_text + "/7/b/c/d") == "1: 7,c/d");
    for (std::size_t size = 40; size < 80; ++size) {
        const std::string a(size, 'a');
        CHECK(lookup(tree, "/" + a + "/b/longer-than-eight/x") == "2: " + a + ",b");
        CHECK(lookup(tree, "/" + a + "/b/longer-than-eight/x/") == "404 slash");
        CHECK(lookup(tree, "/" + a + "/b/longer-than-eighty/x") == "404");
        CHECK(lookup(tree, "/" + a + "/b/%6conger-than-eight/x") == "2: " + a + ",b");
    }
}

TEST_CASE("many texts under one node are all found") {
    route_tree tree;
    for (std::uint32_t i = 0; i < 500; ++i) REQUIRE(tree.insert(method::get, "/api/resource-" + std::to_string(i), i));
    for (std::uint32_t i = 0; i < 500; ++i)
        CHECK(lookup(tree, "/api/resource-" + std::to_string(i)) == std::to_string(i));
    CHECK(lookup(tree, "/api/resource-500") == "404");
}

TEST_CASE("the same pattern twice is a conflict, regardless of parameter names") {
    route_tree tree;
    CHECK(insert_kind(tree, "/users/{id}") == errc::ok);
    CHECK(insert_kind(tree, "/users/{uid}") == errc::already_exists);
    CHECK(insert_kind(tree, "/users/{uid}", method::put) == errc::ok);
    CHECK(insert_kind(tree, "/users/{uid}/orders") == errc::ok);
    CHECK(insert_kind(tree, "/files/{*a}") == errc::ok);
    CHECK(insert_kind(tree, "/files/{*b}") == errc::already_exists);
    CHECK(insert_kind(tree, "/files/{b}") == errc::ok);
    CHECK(insert_kind(tree, "/") == errc::ok);
    CHECK(insert_kind(tree, "/") == errc::already_exists);
}

TEST_CASE("a malformed pattern is refused and leaves the tree unchanged") {
    route_tree tree;
    for (const auto* pattern :
         {"",
          "a",
          "{id}",
          "//",
          "/a//b",
          "//a",
          "/.",
          "/a/..",
          "/a/./b",
          "/{",
          "/{}",
          "/{id",
          "/id}",
          "/a{id}",
          "/{id}a",
          "/{id}{b}",
          "/{*}",
          "/{*a}/b",
          "/{*a}/",
          "/{i d}",
          "/{id?}",
          "/*",
          "/a*",
          "/a%20b",
          "/a?b",
          "/a#b",
          "/a b\x01",
          "/\x7f",
          "/a\\b",
          "/{id}/x/{id}",
          "/{id}/{*id}",
          "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"}) {
        CAPTURE(pattern);
        CHECK(insert_kind(tree, pattern) == errc::invalid_argument);
    }
    CHECK(insert_kind(tree, "/" + std::string(256, 'a')) == errc::invalid_argument);
    CHECK(insert_kind(tree, "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{*h}") == errc::ok);
    CHECK(lookup(tree, "/1/2/3/4/5/6/7/8/9") == "0: 1,2,3,4,5,6,7,8/9");
}
