// SPDX-License-Identifier: MIT
#include "orm_mysql/mysql_error.hpp"

#include <doctest/doctest.h>

using namespace weir;

// MySQL 8's messages differ from those of MariaDB, on which the integration tests run.

TEST_CASE("a duplicate entry names the key's columns, or the key if they aren't known") {
    const char* const mysql8 = "Duplicate entry 'it's' for key 'users.users_openid_unique'";
    CHECK(orm::mysql_key_in(mysql8) == "users_openid_unique");
    CHECK(orm::mysql_key_in("Duplicate entry 'x' for key 'PRIMARY'") == "PRIMARY");
    CHECK(orm::mysql_failure(1062, mysql8, "openid").message() == "openid is already taken");
    CHECK(orm::mysql_failure(1062, mysql8).details()[0].field == "users_openid_unique");
    CHECK(orm::mysql_failure(1062, "no quotes at all") == errc::already_exists);
}

TEST_CASE("constraints are named whatever quotes the server uses") {
    for (const char* text : {"fails (`shop`.`pet`, CONSTRAINT `pet_owner` FOREIGN KEY (`owner`))",
                             "fails (\"shop\".\"pet\", CONSTRAINT \"pet_owner\" FOREIGN KEY (\"owner\"))"}) {
        const auto orphan = orm::mysql_failure(1452, text);
        CHECK(orphan == errc::conflict);
        REQUIRE(orphan.details().size() == 1);
        CHECK(orphan.details()[0].field == "owner");
        CHECK(orm::mysql_failure(1451, text).details().front().field == "pet_owner");
    }
    CHECK(orm::mysql_failure(1452, "nothing is named").details().empty());
    CHECK(orm::mysql_failure(3819, "Check constraint 'age_is_positive' is violated.").details()[0].field ==
          "age_is_positive");
    CHECK(orm::mysql_failure(4025, "CONSTRAINT `pet.age_is_positive` failed for `shop`.`pet`").details()[0].field ==
          "age_is_positive");
    CHECK(orm::mysql_failure(1364, "Field 'owner' doesn't have a default value").details()[0].field == "owner");
    CHECK(orm::mysql_failure(1406, "Data too long for column 'name' at row 1").details()[0].field == "name");
    CHECK(orm::mysql_failure(1264, "Out of range value for column 'age' at row 1").details()[0].rule == "range");
    CHECK(orm::mysql_failure(1690, "BIGINT value is out of range in '`shop`.`t`.`n` + 5'") == errc::validation_failed);
}

TEST_CASE("temporary failures are distinguished from permanent ones") {
    CHECK(orm::mysql_failure(1213, "").code() == "try_again");
    CHECK(orm::mysql_failure(1205, "") == errc::unavailable);
    CHECK(orm::mysql_failure(3024, "") == errc::deadline_exceeded);
    CHECK(orm::mysql_failure(1317, "") == errc::unavailable);
    CHECK(orm::mysql_failure(1290, "") == errc::unavailable);
    CHECK(orm::mysql_failure(2013, "") == errc::unavailable);
    CHECK(orm::mysql_failure(1146, "") == errc::internal);
    CHECK(orm::mysql_failure(1071, "").message().find("smaller max_length") !=
          std::string_view::npos); // unlike MariaDB
    CHECK(orm::mysql_is_gone(2006));
    CHECK(!orm::mysql_is_gone(1213));
}

TEST_CASE("texts for logs contain no values") {
    CHECK(orm::mysql_text_without_values(1062, "Duplicate entry 'hunter2' for key 'k'") == "duplicate entry for key k");
    for (const unsigned code : {1064U, 1292U, 1366U, 1690U})
        CHECK(orm::mysql_text_without_values(code, "Incorrect value: 'hunter2' for 'c'") == "Incorrect value: ");
    CHECK(orm::mysql_text_without_values(1146, "Table 'shop.x' doesn't exist") == "Table 'shop.x' doesn't exist");
}
