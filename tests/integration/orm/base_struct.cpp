// SPDX-License-Identifier: MIT
#include "integration/orm/backends.hpp"

using namespace weir;
using namespace orm_test;

namespace {

struct named_thing {
    std::string name{};
};
BOOST_DESCRIBE_STRUCT(named_thing, (), (name))

struct timestamps {
    weir::wall_time created_at{};
    std::optional<weir::wall_time> updated_at{};
};
BOOST_DESCRIBE_STRUCT(timestamps, (), (created_at, updated_at))

struct animal : named_thing, timestamps {
    std::int64_t id{};
    std::int64_t keeper_id{};
};
BOOST_DESCRIBE_STRUCT(animal, (named_thing, timestamps), (id, keeper_id))

struct entity {
    std::int64_t id{};
};
BOOST_DESCRIBE_STRUCT(entity, (), (id))

struct keeper : entity {
    std::string tool{};
};
BOOST_DESCRIBE_STRUCT(keeper, (entity), (tool))

// A row of a table that has all of another table's members.
struct head_keeper : keeper {
    std::int64_t since{};
};
BOOST_DESCRIBE_STRUCT(head_keeper, (keeper), (since))

struct animal_times {
    std::string name{};
    weir::wall_time created_at{};
};
BOOST_DESCRIBE_STRUCT(animal_times, (), (name, created_at))

struct keeper_count {
    std::string tool{};
    std::int64_t animals{};
    std::optional<weir::wall_time> last{};
};
BOOST_DESCRIBE_STRUCT(keeper_count, (), (tool, animals, last))

} // namespace

template<>
inline constexpr auto weir::schema<named_thing> = weir::object().field(&named_thing::name, weir::unique);
template<>
inline constexpr auto weir::schema<timestamps> = weir::object().field(&timestamps::created_at, weir::index);
template<>
inline constexpr auto weir::schema<animal> =
    weir::table("animals").key(&animal::id).index(&animal::keeper_id, &animal::updated_at);
template<>
inline constexpr auto weir::schema<keeper> = weir::table("keepers").key(&keeper::id);
template<>
inline constexpr auto weir::schema<head_keeper> = weir::table("head_keepers").key(&head_keeper::id);

namespace {

wall_time on_may(unsigned day) {
    return wall_time(std::chrono::sys_days(std::chrono::year(2026) / 5 / std::chrono::day(day)));
}

struct zoo : open_database {
    repository<animal> animals = table<animal>();
    repository<keeper> keepers = table<keeper>();

    // Three animals from the 1st to the 3rd of May; the first is the first keeper's.
    explicit zoo(const backend& chosen) : open_database(chosen) {
        keeper broom;
        broom.tool = "broom";
        keeper fork;
        fork.tool = "fork";
        ask(keepers.insert(broom)).value();
        ask(keepers.insert(fork)).value();
        for (const char* name : {"ape", "bear", "cat"}) {
            animal one;
            one.name = name;
            one.keeper_id = one.name == "ape" ? broom.id : fork.id;
            one.created_at = on_may(++count);
            ask(animals.insert(one)).value();
        }
    }

    unsigned count = 0;
};

template<class Row, class Condition>
concept asks = requires(repository<Row> rows, Condition condition) {
    rows.where(condition);
};
static_assert(asks<animal, predicate<timestamps>> && asks<animal, predicate<animal, timestamps, named_thing>>);
static_assert(!asks<keeper, predicate<timestamps>>, "its table has no such columns");
static_assert(!asks<animal, predicate<keeper>>);

} // namespace

DATABASE_TEST_CASE("members of described bases are columns, with the rules of the bases") {
    zoo on(kind);
    CHECK(on.ask(on.animals.plan_migration()).value().text().empty());
    const animal bear = on.ask(on.animals.find(2)).value();
    CHECK(bear.name == "bear");
    CHECK(bear.created_at == on_may(2));
    CHECK(!bear.updated_at);
    animal twin = bear;
    twin.id = 0;
    CHECK(on.ask(on.animals.insert(twin)).error().message() == "name is already taken");
    CHECK(orm::table_of<animal>().indexes.size() == 3);
}

DATABASE_TEST_CASE("members of described bases work in conditions, orders and pages") {
    zoo on(kind);
    CHECK(on.ask(on.animals.where(col<&animal::created_at> > on_may(1)).count()).value() == 2);
    const auto both = col<&animal::name>.contains("a") && col<&animal::created_at> < on_may(3);
    CHECK(on.ask(on.animals.where(both && col<&animal::keeper_id> == 2).one()).value().name == "bear");
    CHECK(on.ask(on.keepers.where(col<&keeper::id> == 2).one()).value().tool == "fork");
    auto newest_first = on.animals.rows().order_by(newest<&animal::created_at>).order_by(asc(col<&animal::name>));
    CHECK(on.ask(std::move(newest_first).one()).value().name == "cat");
    const animal cat = on.ask(on.animals.find(3)).value();
    auto behind = on.animals.rows().order_by(newest<&animal::created_at>).after(cat).limit(1);
    CHECK(on.ask(std::move(behind).one()).value().name == "bear");
    CHECK(on.ask(on.keepers.rows().after(on.ask(on.keepers.find(1)).value()).one()).value().id == 2);
}

DATABASE_TEST_CASE("members of described bases are selected, grouped and counted") {
    zoo on(kind);
    const auto some = on.ask(on.animals.rows().order_by(oldest<&animal::id>).select<animal_times>().all()).value();
    REQUIRE(some.size() == 3);
    CHECK(some[1].created_at == on_may(2));
    auto named = on.animals.where(col<&animal::created_at> == on_may(3))
                     .select<animal_times>(col<&animal::name>, col<&animal::created_at>);
    CHECK(on.ask(std::move(named).one()).value().name == "cat");
    CHECK(on.ask(on.animals.rows().max(col<&animal::created_at>)).value() == on_may(3));
    auto by_day =
        on.animals.rows()
            .group_by(col<&animal::created_at>)
            .having(count(col<&animal::updated_at>) == 0)
            .order_by(desc(col<&animal::created_at>))
            .select<weir::wall_time>(col<&animal::created_at>);
    CHECK(on.ask(std::move(by_day).all()).value().front() == on_may(3));
}

DATABASE_TEST_CASE("members of described bases are updated, one by one and in many rows") {
    zoo on(kind);
    animal ape = on.ask(on.animals.find(1)).value();
    ape.updated_at = on_may(9);
    ape.keeper_id = 7;
    CHECK(on.ask(on.animals.update(ape, col<&animal::updated_at>)));
    CHECK(on.ask(on.animals.find(1)).value().updated_at == on_may(9));
    CHECK(on.ask(on.animals.find(1)).value().keeper_id == 1);
    CHECK(on.ask(on.animals.update_where(col<&animal::created_at> > on_may(1), (col<&animal::updated_at>) = on_may(8),
                                         (col<&animal::keeper_id>) += 1))
              .value() == 2);
    CHECK(on.ask(on.animals.where(col<&animal::updated_at> == on_may(8)).count()).value() == 2);
    ape.id = 0;
    CHECK(on.ask(on.animals.upsert(ape, col<&animal::name>)));
    CHECK(ape.id == 1);
    CHECK(on.ask(on.animals.erase_where(col<&animal::created_at> >= on_may(2))).value() == 2);
    CHECK(on.ask(on.animals.count()).value() == 1);
}

DATABASE_TEST_CASE("in joins a described base's members are columns of the table that has them") {
    zoo on(kind);
    auto asked =
        on.animals.where(col<&animal::created_at> < on_may(3))
            .order_by(desc(col<&animal::created_at>))
            .left_join<keeper>(weir::on(col<&animal::keeper_id> == col<&keeper::id>))
            .where(col<&animal::name> != "ape" || col<&keeper::id> == 1)
            .order_by(asc(col<&keeper::id>))
            .select<animal_times>(col<&animal::name>, col<&animal::created_at>);
    const auto sorted = on.ask(std::move(asked).all()).value();
    REQUIRE(sorted.size() == 2);
    CHECK(sorted[0].name == "bear");
    auto grouped =
        on.keepers.rows()
            .join<animal>(weir::on(col<&animal::keeper_id> == col<&keeper::id>))
            .group_by(col<&keeper::id>, col<&keeper::tool>)
            .having(max(col<&animal::created_at>) > on_may(1))
            .order_by(desc(max(col<&animal::created_at>)))
            .select<keeper_count>(col<&keeper::tool>, weir::count(), max(col<&animal::created_at>));
    const auto counts = on.ask(std::move(grouped).all()).value();
    REQUIRE(counts.size() == 1);
    CHECK(counts[0].tool == "fork");
    CHECK(counts[0].animals == 2);
    CHECK(counts[0].last == on_may(3));
}

DATABASE_TEST_CASE("a table with all columns of another one can be joined to a third") {
    zoo on(kind);
    const auto heads = on.table<head_keeper>();
    head_keeper first;
    first.tool = "key";
    first.since = 1999;
    CHECK(on.ask(heads.insert(first)));
    CHECK(on.ask(heads.where(col<&head_keeper::tool> == "key" && col<&head_keeper::id> == 1).one()).value().since ==
          1999);
    auto theirs =
        heads.where(col<&head_keeper::tool> == "key")
            .join<animal>(weir::on(col<&animal::keeper_id> == col<&head_keeper::id>))
            .where(col<&head_keeper::tool> != "fork")
            .select<std::string>(col<&animal::name>);
    CHECK(on.ask(std::move(theirs).all()).value() == std::vector<std::string>{"ape"});
    CHECK(on.ask(on.keepers.where(col<&keeper::tool> == "key").count()).value() == 0);
}
