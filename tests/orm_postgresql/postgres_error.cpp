// SPDX-License-Identifier: MIT
#include "orm_postgresql/postgres_error.hpp"

#include <doctest/doctest.h>

using namespace weir;

TEST_CASE("a violated constraint names its fields in any language of the server") {
    const auto taken = orm::postgres_error("23505", "FEHLER:  doppelter Schlüsselwert verletzt \"seat_unique\"\n"
                                                    "DETAIL:  Schlüssel »(line, place)=(A, 1)« existiert bereits.");
    CHECK(taken == errc::already_exists);
    CHECK(taken.message() == "line, place is already taken");
    CHECK(orm::postgres_error("23505", "violates unique constraint \"seat_unique\"").message() ==
          "seat_unique is already taken");
    const auto named_by_words = orm::postgres_error(
        "23505", "violates \"k\"\nDETAIL:  Key (\"order\", \"a.b, \"\"c\"\"\", lower(name, 'x')::text)=(1, 2) exists.");
    REQUIRE(named_by_words.details().size() == 3);
    CHECK(named_by_words.details()[0].field == "order");
    CHECK(named_by_words.details()[1].field == "a.b, \"c\"");
    CHECK(named_by_words.details()[2].field == "lower(name, 'x')::text");
    CHECK(orm::postgres_error("23502", "null value in column \"owner\" of relation \"pet\"").details()[0].field ==
          "owner");
    CHECK(orm::postgres_error("23P01", "conflicting key value") == errc::conflict);
}

TEST_CASE("a missing referenced row is distinguished from a row still referred to") {
    const auto nothing = orm::postgres_error(
        "23503", "ERROR:  insert or update on table \"pet\" violates foreign key constraint \"pet_owner\"\n"
                 "DETAIL:  Key (owner)=(77) is not present in table \"users\".");
    CHECK(nothing.details().front() == error_detail{"owner", "foreign_key", "refers to a missing row"});
    const auto kept = orm::postgres_error(
        "23503", "ERROR:  update or delete on table \"users\" violates foreign key constraint \"pet_owner\" on table "
                 "\"pet\"\nDETAIL:  Key (id)=(1) is still referenced from table \"pet\".");
    CHECK(kept.details().front() == error_detail{"pet_owner", "foreign_key", "still refers to this row"});
    const auto either = orm::postgres_error("23503", "Fremdschlüssel-Constraint »pet_owner« von Tabelle »pet«");
    CHECK(either == errc::conflict);
    CHECK(either.details().empty());
}

TEST_CASE("each class of failure has its error") {
    CHECK(orm::postgres_error("40001", "").code() == "try_again");
    CHECK(orm::postgres_error("40P01", "").code() == "try_again");
    CHECK(orm::postgres_error("57014", "") == errc::deadline_exceeded);
    CHECK(orm::postgres_error("55P03", "") == errc::unavailable);
    CHECK(orm::postgres_error("25006", "") == errc::unavailable);
    CHECK(orm::postgres_error("22003", "") == errc::validation_failed);
    CHECK(orm::postgres_error("22P02", "") == errc::invalid_argument);
    CHECK(orm::postgres_error("54000", "") == errc::too_large);
    CHECK(orm::postgres_error("53300", "") == errc::unavailable);
    CHECK(orm::postgres_error("57P01", "") == errc::unavailable);
    CHECK(orm::postgres_error("42P01", "") == errc::internal);
    CHECK(orm::postgres_error("", "") == errc::internal);
}

TEST_CASE("errors that end the connection are distinguished from refused statements") {
    CHECK(orm::postgres_is_gone("57P01"));
    CHECK(orm::postgres_is_gone("08006"));
    CHECK(!orm::postgres_is_gone("57014"));
    CHECK(!orm::postgres_is_gone(""));
}

TEST_CASE("texts for logs contain no values") {
    CHECK(orm::without_values("23505", "duplicate key \"k\"\nDETAIL:  Key (a)=(hunter2)") == "duplicate key \"k\"");
    CHECK(orm::without_values("22P02", "invalid input syntax for type integer: \"hunter2\"") ==
          "invalid input syntax for type integer: ");
    CHECK(orm::without_values("42P01", "relation \"x\" does not exist") == "relation \"x\" does not exist");
}
