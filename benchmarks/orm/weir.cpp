// SPDX-License-Identifier: MIT
// orm_weir --case CASE --url URL --operations N [--inline yes]    weir's repositories
// orm_weir --case seed|reset --url URL                            creates the rows for all programs; empties `added`
#include "orm/workload.hpp"
#include <weir/core/loop.hpp>
#include <weir/orm.hpp>

#include <algorithm>
#include <iterator>

namespace orm_bench {

BOOST_DESCRIBE_STRUCT(user, (), (id, openid, name, age, balance, created_ms))
BOOST_DESCRIBE_STRUCT(order, (), (id, user_id, total_cents))
BOOST_DESCRIBE_STRUCT(line, (), (id, order_id, product, quantity))
BOOST_DESCRIBE_STRUCT(fortune, (), (id, message))

struct added : user {};
BOOST_DESCRIBE_STRUCT(added, (user), ())

} // namespace orm_bench

template<>
inline constexpr auto weir::schema<orm_bench::user> = weir::table("users").key(&orm_bench::user::id);
template<>
inline constexpr auto weir::schema<orm_bench::added> = weir::table("added").key(&orm_bench::added::id);
template<>
inline constexpr auto weir::schema<orm_bench::order> = weir::table("orders").key(&orm_bench::order::id);
template<>
inline constexpr auto weir::schema<orm_bench::line> =
    weir::table("order_lines").key(&orm_bench::line::id).field(&orm_bench::line::order_id, weir::index);
template<>
inline constexpr auto weir::schema<orm_bench::fortune> = weir::table("fortunes").key(&orm_bench::fortune::id);

namespace orm_bench {

namespace {

using weir::col;
using weir::result;
using weir::task;
using weir::orm::access;
using weir::orm::basic_repository;

// Repositories on an existing connection: the cost of a query without the way to a database thread and back.
struct at_hand {
    weir::orm::session* s;

    template<class R, class F>
    result<R> perform(access, F job) {
        return job(*s);
    }
};

// Each case runs on either source: a database returns a task, a connection the value.

struct find_by_key {
    static constexpr access how = access::read;

    auto ask(auto& source, std::int64_t turn) const {
        return basic_repository<user, std::remove_reference_t<decltype(source)>>(source).find(user_of(turn));
    }
    void check(const result<user>& got, std::int64_t turn) const { require(got->id == user_of(turn)); }
};

struct list_preload {
    struct order_with_lines {
        order of{};
        std::vector<line> lines{};
    };
    using answer = std::vector<order_with_lines>;
    static constexpr access how = access::read;

    auto ask(auto& source, std::int64_t turn) const {
        return source.template perform<answer>(how, [first = first_order_of(turn)](weir::orm::session& s) {
            return listed(s, first);
        });
    }
    static result<answer> listed(weir::orm::session& s, std::int64_t first) {
        at_hand source{&s};
        auto found =
            basic_repository<order, at_hand>(source)
                .where(col<&order::id> >= first)
                .order_by(weir::oldest<&order::id>)
                .limit(page)
                .all();
        if (!found) return found.error();
        std::vector<std::int64_t> ids;
        for (const order& one : *found) ids.push_back(one.id);
        auto lines =
            basic_repository<line, at_hand>(source)
                .where(col<&line::order_id>.in(ids))
                .order_by(weir::oldest<&line::order_id>)
                .all();
        if (!lines) return lines.error();
        return grouped(*found, *lines);
    }
    static answer grouped(const std::vector<order>& found, std::vector<line>& lines) {
        answer all;
        auto next = lines.begin();
        for (const order& one : found) {
            const auto end = std::find_if(next, lines.end(), [&](const line& each) { return each.order_id != one.id; });
            all.push_back({one, {std::make_move_iterator(next), std::make_move_iterator(end)}});
            next = end;
        }
        return all;
    }
    void check(const result<answer>& got, std::int64_t) const {
        require(got->size() == page && got->back().lines.size() == lines_per_order);
    }
};

struct insert_one {
    static constexpr access how = access::write;
    mutable added row{};

    auto ask(auto& source, std::int64_t turn) const {
        static_cast<user&>(row) = new_user(turn);
        return basic_repository<added, std::remove_reference_t<decltype(source)>>(source).insert(row);
    }
    void check(const result<void>&, std::int64_t) const { require(row.id > 0); }
};

struct insert_batch {
    static constexpr access how = access::write;
    std::vector<added> rows = made();

    static std::vector<added> made() {
        std::vector<added> all;
        for (const user& one : new_users()) static_cast<user&>(all.emplace_back()) = one;
        return all;
    }
    auto ask(auto& source, std::int64_t) const {
        return basic_repository<added, std::remove_reference_t<decltype(source)>>(source).insert_many(rows);
    }
    void check(const result<std::size_t>& got, std::int64_t) const { require(*got == batch); }
};

struct update_tx {
    static constexpr access how = access::write;

    auto ask(auto& source, std::int64_t turn) const {
        user row = new_user(turn);
        row.id = user_of(turn);
        return source.template perform<std::size_t>(how, [row](weir::orm::session& s) {
            return weir::orm::detail::atomically(s, [&]() -> result<std::size_t> {
                auto done = weir::orm::detail::update(s, row);
                if (!done) return done.error();
                return 1U;
            });
        });
    }
    void check(const result<std::size_t>& got, std::int64_t) const { require(*got == 1); }
};

struct all_fortunes {
    static constexpr access how = access::read;

    auto ask(auto& source, std::int64_t) const {
        return basic_repository<fortune, std::remove_reference_t<decltype(source)>>(source).all();
    }
    void check(const result<std::vector<fortune>>& got, std::int64_t) const {
        auto all = *got;
        all.push_back({0, "Additional fortune added at request time."});
        std::ranges::sort(all, {}, &fortune::message);
        require(all.size() == fortunes + 1);
    }
};

template<class Answer>
void must(const Answer& got) {
    if (!got) throw std::runtime_error(got.error().describe());
}

// All operations in one job on a database thread, so that the hop there and back happens once.
template<class Case>
task<result<void>> measure_inline(weir::database& db, const Case& one, std::int64_t operations) {
    auto job = [&](weir::orm::session& s) -> result<void> {
        at_hand source{&s};
        measure(operations, [&](std::int64_t turn) {
            const auto got = one.ask(source, turn);
            must(got);
            one.check(got, turn);
        });
        return weir::ok();
    };
    co_return co_await db.perform<void>(Case::how, job);
}

template<class Case>
task<void> measure_calls(weir::database& db, const Case& one, std::int64_t operations) {
    for (std::int64_t turn = 0; turn <= operations / 10; ++turn) {
        auto got = co_await one.ask(db, turn);
        must(got);
    }
    const stopwatch watch;
    for (std::int64_t turn = 0; turn < operations; ++turn) {
        auto got = co_await one.ask(db, turn);
        must(got);
        one.check(got, turn);
    }
    watch.print(operations);
}

template<class Case>
void measure_case(weir::database& db, const weir::bench::arguments& given, const Case& one) {
    const auto operations = given.number<std::int64_t>("operations");
    weir::loop home;
    if (given.has("inline"))
        must(home.block_on(measure_inline(db, one, operations)));
    else
        home.block_on(measure_calls(db, one, operations));
}

weir::database_options options_of(const std::string& url) {
    weir::database_options options;
    options.url = url;
    options.statement_timeout = std::chrono::minutes(1);
    return options;
}

template<class Row>
task<void> make_table(weir::database& db, std::vector<Row> rows) {
    weir::repository<Row> table{db};
    auto migrated = co_await table.auto_migrate();
    must(migrated);
    if (rows.empty()) co_return;
    auto stored = co_await table.insert_many(rows);
    must(stored);
}

task<void> seed(weir::database& db) {
    std::vector<user> some_users;
    std::vector<order> some_orders;
    std::vector<line> some_lines;
    std::vector<fortune> some_fortunes;
    for (std::int64_t i = 0; i < users; ++i) some_users.push_back(new_user(i));
    for (std::int64_t i = 1; i <= orders; ++i) {
        some_orders.push_back({0, user_of(i), 100 * i});
        for (int j = 1; j <= lines_per_order; ++j) some_lines.push_back({0, i, "product " + std::to_string(j), j});
    }
    for (std::size_t i = 1; i <= fortunes; ++i)
        some_fortunes.push_back({0, std::to_string(i * 7 % fortunes) + ": fortune favours the well prepared"});
    co_await make_table(db, some_users);
    co_await make_table(db, some_orders);
    co_await make_table(db, some_lines);
    co_await make_table(db, some_fortunes);
    co_await make_table(db, std::vector<added>());
}

task<void> reset(weir::database& db, const std::string& url) {
    const char* const statement = is_server(url) ? "TRUNCATE added" : "DELETE FROM added";
    auto emptied = co_await db.execute(statement);
    must(emptied);
}

void run_case(weir::database& db, const weir::bench::arguments& given) {
    const std::string& name = given.text("case");
    if (name == "seed") return weir::loop().block_on(seed(db));
    if (name == "reset") return weir::loop().block_on(reset(db, given.text("url")));
    if (name == "find_by_key") return measure_case(db, given, find_by_key());
    if (name == "list_preload") return measure_case(db, given, list_preload());
    if (name == "insert") return measure_case(db, given, insert_one());
    if (name == "insert_many_1000") return measure_case(db, given, insert_batch());
    if (name == "update_tx") return measure_case(db, given, update_tx());
    if (name == "fortunes") return measure_case(db, given, all_fortunes());
    throw std::invalid_argument("no case named " + name);
}

} // namespace

} // namespace orm_bench

int main(int argc, char** argv) {
    return orm_bench::run(argc, argv, [](const weir::bench::arguments& given) {
        weir::database db(orm_bench::options_of(given.text("url")));
        orm_bench::run_case(db, given);
    });
}
