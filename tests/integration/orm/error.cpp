// SPDX-License-Identifier: MIT
#include "integration/orm/backends.hpp"

using namespace weir;
using namespace orm_test;
using namespace std::chrono_literals;

namespace {

struct users : open_database {
    repository<user> rows = table<user>();
    user alice;

    explicit users(const backend& chosen) : open_database(chosen) {
        alice.openid = "wx-alice";
        ask(rows.insert(alice)).value();
    }
};

} // namespace

DATABASE_TEST_CASE("a taken unique value is already_exists and names its field") {
    users on(kind);
    user twin;
    twin.openid = "wx-alice";
    const auto taken = on.ask(on.rows.insert(twin)).error();
    CHECK(taken == errc::already_exists);
    CHECK(taken.message() == "openid is already taken");
    REQUIRE(taken.details().size() == 1);
    CHECK(taken.details()[0] == error_detail{"openid", "unique", "is already taken"});
    CHECK(twin.id == 0);

    user bob;
    bob.openid = "wx-bob";
    CHECK(on.ask(on.rows.insert(bob)));
    bob.openid = "wx-alice";
    CHECK(on.ask(on.rows.update(bob)).error().message() == "openid is already taken");
    CHECK(on.ask(on.rows.insert(on.alice)).error().message() == "id is already taken");
}

DATABASE_TEST_CASE("a violated unique index names all its columns") {
    users on(kind);
    CHECK(on.ask(on.db.execute("CREATE TABLE seat (line VARCHAR(9), place INTEGER, UNIQUE (line, place))")));
    CHECK(on.ask(on.db.execute("INSERT INTO seat VALUES ('A', 1)")).value() == 1);
    const auto taken = on.failure("INSERT INTO seat VALUES ('A', 1)");
    CHECK(taken.message() == "line, place is already taken");
    REQUIRE(taken.details().size() == 2);
    CHECK(taken.details()[1].field == "place");
}

DATABASE_TEST_CASE("a field with a reserved name is named without quotes") {
    open_database on(kind);
    CHECK(on.ask(on.db.execute("CREATE TABLE seat (\"order\" INTEGER, name VARCHAR(9), UNIQUE (\"order\", name))")));
    CHECK(on.ask(on.db.execute("INSERT INTO seat VALUES (1, 'A')")).value() == 1);
    const auto taken = on.failure("INSERT INTO seat VALUES (1, 'A')");
    CHECK(taken.message() == "order, name is already taken");
    REQUIRE(taken.details().size() == 2);
    CHECK(taken.details()[0].field == "order");
}

DATABASE_TEST_CASE("the violated constraint is named in the cause") {
    users on(kind);
    CHECK(on.ask(on.db.execute("CREATE TABLE pet (owner BIGINT, age INTEGER, "
                               "CONSTRAINT pet_owner FOREIGN KEY (owner) REFERENCES users (id), "
                               "CONSTRAINT age_is_positive CHECK (age > 0))")));
    user twin;
    twin.openid = "wx-alice";
    const auto names = [](const error& failure, const char* constraint) {
        return failure.describe().find(constraint) != std::string::npos;
    };
    CHECK(names(on.ask(on.rows.insert(twin)).error(), "users_openid_unique"));
    CHECK(names(on.failure("INSERT INTO pet VALUES (1, -1)"), "age_is_positive"));
    if (kind.is_server()) CHECK(names(on.failure("INSERT INTO pet VALUES (77, 1)"), "pet_owner"));
}

DATABASE_TEST_CASE("violated foreign keys, NOT NULL and checks have distinct errors") {
    users on(kind);
    CHECK(on.ask(on.db.execute("CREATE TABLE pet (owner BIGINT NOT NULL, age INTEGER, "
                               "CONSTRAINT pet_owner FOREIGN KEY (owner) REFERENCES users (id), "
                               "CONSTRAINT age_is_positive CHECK (age > 0))")));
    const auto orphan = on.failure("INSERT INTO pet VALUES (77, 1)");
    CHECK(orphan == errc::conflict);
    if (kind.is_server()) {
        REQUIRE(orphan.details().size() == 1);
        CHECK(orphan.details()[0] == error_detail{"owner", "foreign_key", "refers to a missing row"});
    }
    const auto missing = on.failure("INSERT INTO pet VALUES (NULL, 1)");
    CHECK(missing == errc::validation_failed);
    REQUIRE(missing.details().size() == 1);
    CHECK(missing.details()[0] == error_detail{"owner", "required", "must not be null"});
    const auto broken = on.failure("INSERT INTO pet VALUES (1, -1)");
    CHECK(broken == errc::validation_failed);
    REQUIRE(broken.details().size() == 1);
    CHECK(broken.details()[0] == error_detail{"age_is_positive", "check", "violates a constraint of its table"});

    CHECK(on.ask(on.db.execute("INSERT INTO pet VALUES (1, 1)")).value() == 1);
    const auto kept = on.ask(on.rows.erase(1)).error();
    CHECK(kept == errc::conflict);
    if (kind.is_server()) {
        CHECK(kept.message() == "other rows still refer to this one");
        REQUIRE(kept.details().size() == 1);
        CHECK(kept.details()[0] == error_detail{"pet_owner", "foreign_key", "still refers to this row"});
    }
}

DATABASE_TEST_CASE("a string beyond max_length is refused, by the database itself if it enforces lengths") {
    users on(kind);
    const auto todos = on.table<todo>();
    todo row;
    for (int i = 0; i < 200; ++i) row.text += "張";
    CHECK(on.ask(todos.insert(row)));
    todo longer;
    longer.text = row.text + "x";
    const auto refused = on.ask(todos.insert(longer)).error();
    CHECK(refused.message() == "a value is too long for its column");
    REQUIRE(refused.details().size() == 1);
    CHECK(refused.details()[0].field == "text");
    longer.id = row.id;
    for (const auto& again :
         {on.ask(todos.update(longer)), on.ask(todos.update(longer, col<&todo::text>)), on.ask(todos.upsert(longer))})
        CHECK(again.error().message() == refused.message());
    const auto stored = on.ask(on.db.execute("UPDATE todos SET text = ?", longer.text));
    CHECK(stored.has_value() == !kind.keeps_lengths);
    if (!stored) CHECK(stored.error() == errc::validation_failed);
}

DATABASE_TEST_CASE("the SQL is for the log: it is in the cause and not in the message, values are in neither") {
    users on(kind);
    const auto broken = on.ask(on.db.execute("INSERT INTO nowhere VALUES (?)", "hunter2")).error();
    CHECK(broken == errc::internal);
    CHECK(broken.message() == "the query failed");
    const std::string for_the_log = broken.describe();
    CHECK(for_the_log.find("INSERT INTO nowhere VALUES (?)") != std::string::npos);
    CHECK(for_the_log.find("hunter2") == std::string::npos);
    const auto unread = on.ask(on.db.execute("INSRT nowhere VALUES (?)", "hunter2")).error();
    CHECK(unread.describe().find("hunter2") == std::string::npos);

    user twin;
    twin.openid = "wx-alice";
    CHECK(on.ask(on.rows.insert(twin)).error().describe().find("wx-alice") == std::string::npos);
}

DATABASE_TEST_CASE("a statement with more or fewer values than question marks is refused, and changes nothing") {
    users on(kind);
    for (const error& refused :
         {on.ask(on.db.execute("UPDATE users SET age = ? WHERE openid = ?", 5)).error(),
          on.ask(on.db.execute("UPDATE users SET age = ?")).error(),
          on.ask(on.db.execute("UPDATE users SET age = 5", 5)).error(),
          on.ask(on.db.query<std::int64_t>("SELECT age FROM users WHERE age = ?", 1, 2)).error()})
        CHECK(refused == errc::invalid_argument);
    CHECK(on.ask(on.db.execute("UPDATE users SET age = ? WHERE openid = ?", 5)).error().message() ==
          "a statement with 2 question marks was given 1 values");
    CHECK(on.ask(on.rows.where(col<&user::age> == 5).count()).value() == 0);
    CHECK(on.db.stats().writing.dropped == 0);
}

DATABASE_TEST_CASE("more values than a statement allows are refused before sending, with a short log entry") {
    users on(kind);
    auto job = [](orm::session& s) {
        const std::int64_t age = 1;
        std::string sql = "DELETE FROM users WHERE age IN (?";
        for (int i = 1; i < 70'000; ++i) sql += ", ?";
        const std::vector<orm::argument> ages(70'000, {&orm::column_type_of<std::int64_t>, &age});
        return s.execute(sql + ")", ages);
    };
    const auto refused = on.ask(on.db.perform<std::size_t>(orm::access::write, job)).error();
    CHECK(refused == errc::invalid_argument);
    CHECK(refused.message().find("values at most and was given 70000") != std::string::npos);
    CHECK(refused.describe().size() < 2000);
    CHECK(refused.describe().find("… (") != std::string::npos);
    CHECK(on.ask(on.rows.where(col<&user::age>.in(std::vector<int>(30'000, 0))).count()).value() == 1);
    CHECK(on.db.stats().writing.dropped + on.db.stats().reading.dropped == 0);
}

DATABASE_TEST_CASE("a statement larger than the server accepts is refused, and the connection stays") {
    open_database on(kind);
    const auto rows = on.table<user>();
    int stored_so_far = 0;
    const auto store = [&](std::string name) {
        user row = user_named(std::to_string(++stored_so_far));
        row.name = std::move(name);
        return on.ask(rows.insert(row));
    };
    CHECK(store(std::string(15 << 20, 'x')));
    for (const auto& stored : {store(std::string(17 << 20, 'x')), store(std::string(9 << 20, '\''))}) {
        CHECK(stored.has_value() == (&kind != &mariadb));
        if (stored) continue;
        CHECK(stored.error() == errc::too_large);
        CHECK(stored.error().message().find("max_allowed_packet") != std::string::npos);
    }
    CHECK(on.db.stats().writing.dropped == 0);
}

DATABASE_TEST_CASE("a string with several statements is refused, and none of them runs") {
    users on(kind);
    const auto before = on.ask(on.rows.count()).value();
    CHECK(on.ask(on.db.execute("DELETE FROM users; SELECT 1")).has_error());
    CHECK(on.ask(on.db.execute("BEGIN; DELETE FROM users; COMMIT")).has_error());
    CHECK(on.ask(on.rows.count()).value() == before);
}

DATABASE_TEST_CASE("NULL for a member that isn't optional is a clear error") {
    users on(kind);
    CHECK(on.ask(on.db.execute("CREATE TABLE loose (n BIGINT)")));
    CHECK(on.ask(on.db.execute("INSERT INTO loose VALUES (NULL)")).value() == 1);
    const auto refused = on.ask(on.db.query<std::int64_t>("SELECT n FROM loose")).error();
    CHECK(refused == errc::internal);
    CHECK(refused.message() == "a stored value doesn't fit its member");
    CHECK(refused.describe().find("column 'n' holds NULL but its member isn't optional") != std::string::npos);
}

DATABASE_TEST_CASE("a statement that takes too long ends, and its connection is reused") {
    const empty_database where(kind);
    auto chosen = where.options();
    chosen.statement_timeout = 200ms;
    chosen.readers = 1;
    chosen.pool.maximum_pool_size = 1;
    loop home;
    database db(chosen);
    const auto late = home.block_on(db.query<std::int64_t>(kind.endless)).error();
    CHECK(late == errc::deadline_exceeded);
    CHECK(late.message() == "the statement took too long");
    CHECK(home.block_on(db.query<std::int64_t>("SELECT 1")).value().front() == 1);
    CHECK(db.stats().reading.dropped + db.stats().writing.dropped == 0);
    CHECK(db.stats().reading.opened + db.stats().writing.opened == 1);
}

#ifdef WEIR_TEST_POSTGRES
TEST_CASE("PostgreSQL's notices are in the log") {
    const empty_database where(postgres);
    memory_log lines;
    auto chosen = where.options();
    chosen.log = logger(lines.sink(), {.asynchronous = false});
    loop home;
    database db(chosen);
    CHECK(home.block_on(db.execute("DROP TABLE IF EXISTS nowhere")));
    CHECK(home.block_on(db.execute("ROLLBACK")));
    const auto all = lines.lines();
    REQUIRE(all.size() == 2);
    CHECK(all[0].find("\"level\":\"info\"") != std::string::npos);
    CHECK(all[0].find("nowhere") != std::string::npos);
    CHECK(all[1].find("\"level\":\"warn\"") != std::string::npos);
    CHECK(all[1].find("\"sqlstate\":\"25P01\"") != std::string::npos);
}
#endif

DATABASE_TEST_CASE("a database works without time limits, and with limits of years") {
    for (const duration limit : {duration::max(), duration::max() - 1ns, duration(24h * 365 * 30)}) {
        const empty_database where(kind);
        auto chosen = where.options();
        for (duration* one :
             {&chosen.busy_timeout, &chosen.connect_timeout, &chosen.statement_timeout, &chosen.pool.connection_timeout,
              &chosen.pool.idle_timeout, &chosen.pool.max_lifetime, &chosen.pool.keepalive_time,
              &chosen.pool.validation_timeout, &chosen.pool.leak_detection_threshold,
              &chosen.pool.initialization_fail_timeout})
            *one = limit;
        loop home;
        database db(chosen);
        const auto opened = home.block_on(db.open());
        INFO((opened ? std::string() : opened.error().describe()));
        CHECK(opened);
        CHECK(home.block_on(db.query<std::int64_t>("SELECT 1")).value().front() == 1);
    }
}

TEST_CASE("opening a database names an unknown scheme and a missing driver") {
    loop home;
    database db("oracle://db/shop");
    const auto unknown = home.block_on(db.open()).error();
    CHECK(unknown == errc::invalid_argument);
    CHECK(unknown.message() == "unsupported database URL scheme \"oracle\"");
}
