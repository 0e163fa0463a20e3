// SPDX-License-Identifier: MIT
#include "integration/orm/backends.hpp"

#include <future>

using namespace weir;
using namespace orm_test;

namespace {

struct team {
    std::int64_t id{};
    std::string name{};
};
BOOST_DESCRIBE_STRUCT(team, (), (id, name))

struct player {
    std::int64_t id{};
    std::int64_t team{};
    int number{};
    std::string nickname{};
    std::optional<std::int64_t> captain{};
};
BOOST_DESCRIBE_STRUCT(player, (), (id, team, number, nickname, captain))

// The players table before it had constraints.
struct early_player {
    std::int64_t id{};
    std::int64_t team{};
    int number{};
    std::string nickname{};
};
BOOST_DESCRIBE_STRUCT(early_player, (), (id, team, number, nickname))

// The same with longer columns.
struct wide_player {
    std::int64_t id{};
    std::int64_t team{};
    std::optional<int> number{};
    std::string nickname{};
};
BOOST_DESCRIBE_STRUCT(wide_player, (), (id, team, number, nickname))

struct essay {
    std::int64_t id{};
    std::string title{};
    std::optional<std::string> label{};
    std::string text{};
};
BOOST_DESCRIBE_STRUCT(essay, (), (id, title, label, text))

// Too large for MySQL.
struct wide_row {
    std::int64_t id{};
    std::string one{};
    std::string two{};
};
BOOST_DESCRIBE_STRUCT(wide_row, (), (id, one, two))

} // namespace

template<>
inline constexpr auto weir::schema<team> = weir::table("teams").key(&team::id).field(&team::name, weir::unique);
template<>
inline constexpr auto weir::schema<player> =
    weir::table("players")
        .key(&player::id)
        .field(&player::team, weir::references(&team::id, weir::on_delete::cascade), weir::index)
        .field(&player::captain, weir::references(&player::id, weir::on_delete::set_null))
        .field(&player::nickname, weir::max_length(20))
        .unique(&player::team, &player::number)
        .index(&player::nickname, &player::number)
        .check("number_is_positive", "number > 0");
template<>
inline constexpr auto weir::schema<early_player> =
    weir::table("players").key(&early_player::id).field(&early_player::nickname, weir::max_length(10));
template<>
inline constexpr auto weir::schema<essay> =
    weir::table("essays")
        .key(&essay::id)
        .field(&essay::title, weir::unique)
        .field(&essay::text, weir::max_length(20'000))
        .index(&essay::label, &essay::id);
template<>
inline constexpr auto weir::schema<wide_row> =
    weir::table("wide_rows")
        .key(&wide_row::id)
        .field(&wide_row::one, weir::max_length(10'000))
        .field(&wide_row::two, weir::max_length(10'000));
template<>
inline constexpr auto weir::schema<wide_player> =
    weir::table("players").key(&wide_player::id).field(&wide_player::nickname, weir::max_length(500));

namespace {

struct league : open_database {
    repository<team> teams{db};
    repository<player> players{db};
    team home_team;
    player first;

    explicit league(const backend& chosen) : open_database(chosen) {
        ask(weir::auto_migrate<player, team>(db)).value();
        home_team.name = "home";
        ask(teams.insert(home_team)).value();
        first.team = home_team.id;
        first.number = 1;
        ask(players.insert(first)).value();
    }

    player another(int number) {
        player made;
        made.team = home_team.id;
        made.number = number;
        return made;
    }

    error refusal(player made) { return ask(players.insert(made)).error(); }
};

} // namespace

DATABASE_TEST_CASE("a table can refer to a later one, and a second plan is empty") {
    league on(kind);
    CHECK(on.ask(weir::plan_migration<player, team>(on.db)).value().text().empty());
    CHECK(on.ask(weir::auto_migrate<player, team>(on.db)));
    CHECK(on.ask(on.players.count()).value() == 1);
}

DATABASE_TEST_CASE("a violated unique index names its columns") {
    league on(kind);
    const auto taken = on.refusal(on.another(1));
    CHECK(taken == errc::already_exists);
    CHECK(taken.message() == "team, number is already taken");
    player second = on.another(2);
    CHECK(on.ask(on.players.insert(second)));
}

DATABASE_TEST_CASE("an indexed string holds 255 characters, others as many as max_length") {
    open_database on(kind);
    const auto essays = on.table<essay>();
    CHECK(on.ask(essays.plan_migration()).value().text().empty());
    essay whole;
    for (int i = 0; i < 255; ++i) whole.title += "張";
    whole.label = whole.title;
    for (int i = 0; i < 20'000; ++i) whole.text += "張";
    CHECK(on.ask(essays.insert(whole)));
    CHECK(on.ask(essays.find(whole.id)).value().text == whole.text);
    const auto refused = [&](auto change) {
        essay longer = whole;
        longer.id = 0;
        longer.title = "another";
        change(longer);
        const auto why = on.ask(essays.insert(longer)).error();
        CHECK(why == errc::validation_failed);
        return why.details().front().field;
    };
    CHECK(refused([](essay& one) { one.title = std::string(256, 'x'); }) == "title");
    CHECK(refused([](essay& one) { *one.label += "x"; }) == "label");
    CHECK(refused([](essay& one) { one.text += "x"; }) == "text");
}

DATABASE_TEST_CASE("a table with rows too large for the database is an error that suggests a fix") {
    open_database on(kind);
    const auto made = on.ask(repository<wide_row>(on.db).auto_migrate());
    CHECK(made.has_value() == (&kind != &mariadb));
    if (made) return;
    CHECK(made.error() == errc::invalid_argument);
    CHECK(made.error().message().find("no max_length, or one above 16000") != std::string_view::npos);
}

DATABASE_TEST_CASE("a missing referenced row is a conflict that names its field if the database does") {
    league on(kind);
    player stray = on.another(2);
    stray.team = 77;
    const auto refused = on.refusal(stray);
    CHECK(refused == errc::conflict);
    if (kind.is_server()) {
        REQUIRE(refused.details().size() == 1);
        CHECK(refused.details()[0] == error_detail{"team", "foreign_key", "refers to a missing row"});
    }
}

DATABASE_TEST_CASE("a violated check names its constraint, a long string its field") {
    league on(kind);
    const auto broken = on.refusal(on.another(-1));
    CHECK(broken == errc::validation_failed);
    REQUIRE(broken.details().size() == 1);
    CHECK(broken.details()[0] == error_detail{"number_is_positive", "check", "violates a constraint of its table"});

    player verbose = on.another(2);
    verbose.nickname = std::string(21, 'x');
    const auto long_text = on.refusal(verbose);
    CHECK(long_text == errc::validation_failed);
    REQUIRE(long_text.details().size() == 1);
    CHECK(long_text.details()[0] == error_detail{"nickname", "max_length", "is too long"});
    verbose = on.first;
    verbose.nickname = std::string(21, 'x');
    CHECK(on.ask(on.players.update(verbose)).error() == errc::validation_failed);
    const std::vector<player> many{verbose};
    CHECK(on.ask(on.players.insert_many(many)).error() == errc::validation_failed);
}

DATABASE_TEST_CASE("ON DELETE CASCADE erases rows, and SET NULL clears their references") {
    league on(kind);
    player second = on.another(2);
    second.captain = on.first.id;
    CHECK(on.ask(on.players.insert(second)));
    CHECK(on.ask(on.players.erase(on.first.id)));
    CHECK(!on.ask(on.players.find(second.id)).value().captain);
    CHECK(on.ask(on.teams.erase(on.home_team.id)));
    CHECK(on.ask(on.players.count()).value() == 0);
}

DATABASE_TEST_CASE("indexes, columns and, on a server, constraints are added to an existing table") {
    open_database on(kind);
    on.table<early_player>();
    CHECK(on.ask(weir::auto_migrate<team, player>(on.db)));
    const auto again = on.ask(weir::plan_migration<team, player>(on.db)).value();
    CHECK(again.empty());
    CHECK(again.notes.empty() == kind.is_server()); // SQLite: one foreign key and the check

    team crew;
    crew.name = "crew";
    CHECK(on.ask(repository<team>(on.db).insert(crew)));
    player one;
    one.team = crew.id;
    one.number = 1;
    one.nickname = std::string(20, 'x');
    CHECK(on.ask(repository<player>(on.db).insert(one)));
    player twin = one;
    twin.id = 0;
    CHECK(on.ask(repository<player>(on.db).insert(twin)).error() == errc::already_exists);
    twin.number = -1;
    CHECK(on.ask(repository<player>(on.db).insert(twin)).has_value() == !kind.is_server());
}

DATABASE_TEST_CASE("columns become wider and nullable, never the reverse") {
    open_database on(kind);
    const auto early = on.table<early_player>();
    const auto wide = on.table<wide_player>();
    wide_player row;
    row.nickname = std::string(500, 'x');
    CHECK(on.ask(wide.plan_migration()).value().empty());
    if (kind.is_server()) {
        CHECK(on.ask(wide.plan_migration()).value().notes.empty());
        CHECK(on.ask(wide.insert(row)));
    } else {
        const auto plan = on.ask(wide.plan_migration()).value();
        CHECK(plan.notes ==
              std::vector<std::string>{"players.number can't be changed to INTEGER NULL on this database"});
    }
    CHECK(on.ask(early.plan_migration()).value().empty());
}

#ifdef WEIR_SERVERS
SERVER_TEST_CASE("rows that violate a new constraint stop the migration with an error naming it") {
    open_database on(kind);
    const auto early = on.table<early_player>();
    early_player stray;
    stray.team = 7;
    stray.number = 1;
    CHECK(on.ask(early.insert(stray)));
    const auto refused = on.ask(weir::auto_migrate<team, player>(on.db)).error();
    CHECK(refused == errc::conflict);
    REQUIRE(refused.details().size() == 1);
    CHECK(refused.details()[0].field == "team");
    CHECK(on.ask(on.db.execute("DELETE FROM players")).value() == 1);
    CHECK(on.ask(weir::auto_migrate<team, player>(on.db)));
}
#endif

DATABASE_TEST_CASE("programs that migrate several tables at the same time don't collide") {
    const empty_database where(kind);
    const auto migrate = [&] {
        loop home;
        database mine(where.options());
        return home.block_on(weir::auto_migrate<player, team>(mine)).has_value();
    };
    auto one = std::async(std::launch::async, migrate);
    auto other = std::async(std::launch::async, migrate);
    CHECK(migrate());
    CHECK(one.get());
    CHECK(other.get());
    loop home;
    database after(where.options());
    CHECK(home.block_on(weir::plan_migration<player, team>(after)).value().text().empty());
}
