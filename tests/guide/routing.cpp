// SPDX-License-Identifier: MIT
#include <weir/http/router.hpp>
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

struct page_of {
    std::int64_t page = 1;
    std::int64_t size = 20;
};
BOOST_DESCRIBE_STRUCT(page_of, (), (page, size))

template<>
inline constexpr auto weir::schema<page_of> =
    weir::object().field(&page_of::page, weir::min(1)).field(&page_of::size, weir::range(1, 100));

struct book {
    std::int64_t id{};
    std::string title{};
};
BOOST_DESCRIBE_STRUCT(book, (), (id, title))

void add_routes(weir::router& app) {
    app.route("/api/v1", [](weir::router& api) {
        api.get("/books/{id}", [](weir::path<"id", std::int64_t> id) -> weir::result<book> {
            if (id != 7) return weir::error(weir::errc::not_found, "there is no such book");
            return book{id, "Weirs and Sluices"};
        });
        api.get("/books", [](weir::query<page_of> asked) {
            return "page " + std::to_string(asked->page) + " of " + std::to_string(asked->size) + " each";
        });
    });
    app.get("/docs/{*rest}", [](weir::path<"rest", std::string> rest) { return *rest; });
}

TEST_CASE("the guide's routes respond as it says") {
    weir::router app;
    add_routes(app);
    weir::test_client client(app);
    CHECK(client.get("/api/v1/books/7").body == R"({"id":7,"title":"Weirs and Sluices"})");
    CHECK(client.get("/api/v1/books/8").status == 404);
    CHECK(client.get("/api/v1/books/x").status == 400);
    CHECK(client.get("/api/v1/books?page=2").body == "page 2 of 20 each");
    CHECK(client.get("/api/v1/books?size=1000").status == 422);
    CHECK(client.get("/docs/a/b").body == "a/b");
    const auto wrong = client.post("/docs/a", "{}");
    CHECK(wrong.status == 405);
    CHECK(wrong.header("allow") == "GET, HEAD, OPTIONS");
}
