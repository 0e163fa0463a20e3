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

// The table of players before it had rules.
struct early_player {
    std::int64_t id{};
    std::int64_t team{};
    int number{};
    std::string nickname{};
};
BOOST_DESCRIBE_STRUCT(early_player, (), (id, team, number, nickname))

// The same with room for more.
struct wide_player {
    std::int64_t id{};
    std::int64_t team{};
    std::optional<int> number{};
    std::string nickname{};
};
BOOST_DESCRIBE_STRUCT(wide_player, (), (id, team, number, nickname))

} // namespace

template<>
inline constexpr auto weir::schema<team> = weir::table("teams").key(&team::id).field(&team::name, weir::unique);
template<>
inline constexpr auto
    weir::schema<player> = weir::table("players")
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
inline constexpr auto weir::schema<wide_player> =
    weir::table("players").key(&wide_player::id).field(&wide_player::nickname, weir::max_length(500));

namespace {

template<class Backend>
struct league : open_database<Backend> {
    repository<team> teams{this->db};
    repository<player> players{this->db};
    team home_team;
    player first;

    league() {
        this->ask(weir::auto_migrate<player, team>(this->db)).value();
        home_team.name = "home";
        this->ask(teams.insert(home_team)).value();
        first.team = home_team.id;
        first.number = 1;
        this->ask(players.insert(first)).value();
    }

    player another(int number) {
        player made;
        made.team = home_team.id;
        made.number = number;
        return made;
    }

    error refusal(player made) { return this->ask(players.insert(made)).error(); }
};

} // namespace

TEST_CASE_TEMPLATE("a table refers to one that is named behind it, and a second plan is empty", Backend,
                   WEIR_DATABASES) {
    league<Backend> on;
    CHECK(on.ask(weir::plan_migration<player, team>(on.db)).value().text().empty());
    CHECK(on.ask(weir::auto_migrate<player, team>(on.db)));
    CHECK(on.ask(on.players.count()).value() == 1);
}

TEST_CASE_TEMPLATE("a unique rule over several columns names them", Backend, WEIR_DATABASES) {
    league<Backend> on;
    const auto taken = on.refusal(on.another(1));
    CHECK(taken == errc::already_exists);
    CHECK(taken.message() == "team, number is already taken");
    player second = on.another(2);
    CHECK(on.ask(on.players.insert(second)));
}

TEST_CASE_TEMPLATE("a key that no row has is a conflict that names its field, where the database tells", Backend,
                   WEIR_DATABASES) {
    league<Backend> on;
    player stray = on.another(2);
    stray.team = 77;
    const auto refused = on.refusal(stray);
    CHECK(refused == errc::conflict);
    if (Backend::is_server) {
        REQUIRE(refused.details().size() == 1);
        CHECK(refused.details()[0] == error_detail{"team", "foreign_key", "refers to no row"});
    }
}

TEST_CASE_TEMPLATE("a check names its rule, a long text its field", Backend, WEIR_DATABASES) {
    league<Backend> on;
    const auto broken = on.refusal(on.another(-1));
    CHECK(broken == errc::validation_failed);
    REQUIRE(broken.details().size() == 1);
    CHECK(broken.details()[0] == error_detail{"number_is_positive", "check", "breaks a rule of its table"});

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

TEST_CASE_TEMPLATE("rows go with the row they belong to, and forget the one they only know", Backend, WEIR_DATABASES) {
    league<Backend> on;
    player second = on.another(2);
    second.captain = on.first.id;
    CHECK(on.ask(on.players.insert(second)));
    CHECK(on.ask(on.players.erase(on.first.id)));
    CHECK(!on.ask(on.players.find(second.id)).value().captain);
    CHECK(on.ask(on.teams.erase(on.home_team.id)));
    CHECK(on.ask(on.players.count()).value() == 0);
}

TEST_CASE_TEMPLATE("indexes, columns and, on a server, constraints come to a table that exists", Backend,
                   WEIR_DATABASES) {
    open_database<Backend> on;
    on.template table<early_player>();
    CHECK(on.ask(weir::auto_migrate<team, player>(on.db)));
    const auto again = on.ask(weir::plan_migration<team, player>(on.db)).value();
    CHECK(again.empty());
    CHECK(again.notes.empty() == Backend::is_server); // SQLite: one foreign key and the check

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
    CHECK(on.ask(repository<player>(on.db).insert(twin)).has_value() == !Backend::is_server);
}

TEST_CASE_TEMPLATE("columns become wider and take NULL, and never the other way", Backend, WEIR_DATABASES) {
    open_database<Backend> on;
    const auto early = on.template table<early_player>();
    const auto wide = on.template table<wide_player>();
    wide_player row;
    row.nickname = std::string(500, 'x');
    CHECK(on.ask(wide.plan_migration()).value().empty());
    if (Backend::is_server) {
        CHECK(on.ask(wide.plan_migration()).value().notes.empty());
        CHECK(on.ask(wide.insert(row)));
    } else {
        const auto plan = on.ask(wide.plan_migration()).value();
        CHECK(plan.notes == std::vector<std::string>{"players.number can't be changed into INTEGER NULL here"});
    }
    CHECK(on.ask(early.plan_migration()).value().empty());
}

#ifdef WEIR_SERVERS
TEST_CASE_TEMPLATE("rows that break a new rule stop the migration, and are named", Backend, WEIR_SERVERS) {
    open_database<Backend> on;
    const auto early = on.template table<early_player>();
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

TEST_CASE_TEMPLATE("programs that migrate several tables at once don't collide", Backend, WEIR_DATABASES) {
    const Backend where;
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
