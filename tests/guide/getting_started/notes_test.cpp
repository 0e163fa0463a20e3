// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "notes.hpp"
#include <weir/testing/test_client.hpp>

#include <doctest/doctest.h>

struct notes_fixture {
    note_api notes;
    weir::router app;
    weir::test_client client{app};

    notes_fixture() { app.route("/notes", notes); }
};

TEST_CASE_FIXTURE(notes_fixture, "a note is stored and shown") {
    const auto added = client.post("/notes", R"({"text":"buy tea"})");
    CHECK(added.status == 201);
    CHECK(added.header("location") == "/notes/1");
    CHECK(client.get("/notes/1").body == R"({"id":1,"text":"buy tea"})");
    CHECK(client.get("/notes/2").status == 404);
}

TEST_CASE_FIXTURE(notes_fixture, "an empty note is refused, and the answer names the field") {
    const auto refused = client.post("/notes", R"({"text":""})");
    CHECK(refused.status == 422);
    CHECK(refused.body.find(R"({"field":"text","rule":"not_empty","message":"must not be empty"})") !=
          std::string::npos);
    CHECK(client.get("/notes").body == "[]");
}
