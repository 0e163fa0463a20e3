// SPDX-License-Identifier: MIT
// orm_soci --case CASE --url URL --operations N    SOCI as in its manual, with each statement prepared once
#include "orm/statements.hpp"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>

namespace orm_bench {

namespace {

using soci::into;
using soci::use;

// A statement that is bound to values, prepared, and executed repeatedly.
struct prepared : soci::statement {
    prepared(soci::session& s, const std::string& sql) : soci::statement(s), text(numbered(sql, ":v")) {}

    template<class... Exchanged>
    void with(Exchanged&&... each) {
        (exchange(std::forward<Exchanged>(each)), ...);
    }
    void ready() {
        alloc();
        prepare(text);
        define_and_bind();
    }
    template<class F>
    void rows(F each) {
        execute(false);
        while (fetch()) each();
    }

    std::string text;
};

class cases {
public:
    explicit cases(const std::string& url)
        : sql_(backend_of(url), connect_text(url)), begin_(is_server(url) ? "BEGIN" : "BEGIN IMMEDIATE") {
        if (is_server(url)) return;
        for (const char* pragma : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "PRAGMA foreign_keys=ON"})
            sql_ << pragma;
    }

    void run(const std::string& name, std::int64_t operations) {
        prepared st(sql_, sql_of(name));
        if (name == "find_by_key") return find(st, operations);
        if (name == "list_preload") return list(st, operations);
        if (name == "insert") return insert(st, operations);
        if (name == "insert_many_1000") return insert_many(st, operations);
        if (name == "update_tx") return update(st, operations);
        if (name == "fortunes") return read_fortunes(st, operations);
        throw std::invalid_argument("no case named " + name);
    }

private:
    static const soci::backend_factory& backend_of(const std::string& url) {
        if (is_server(url)) return soci::postgresql;
        return soci::sqlite3;
    }

    // SOCI takes a string without `=` for a list in another format.
    static std::string connect_text(const std::string& url) {
        return is_server(url) ? url + "?connect_timeout=10" : url;
    }

    static void take_values(prepared& st, user& one) {
        st.with(use(one.openid), use(one.name), use(one.age), use(one.balance), use(one.created_ms));
    }

    void find(prepared& st, std::int64_t operations) {
        user found;
        std::int64_t key = 0;
        st.with(use(key), into(found.id), into(found.openid), into(found.name), into(found.age), into(found.balance),
                into(found.created_ms));
        st.ready();
        measure(operations, [&](std::int64_t turn) {
            key = user_of(turn);
            require(st.execute(true) && found.id == key);
        });
    }

    void list(prepared& st, std::int64_t operations) {
        std::int64_t first = 0;
        order one;
        st.with(use(first), into(one.id), into(one.user_id), into(one.total_cents));
        st.ready();
        std::vector<std::int64_t> ids(page);
        line each;
        prepared many(sql_, lines_of_orders());
        for (std::int64_t& id : ids) many.with(use(id));
        many.with(into(each.id), into(each.order_id), into(each.product), into(each.quantity));
        many.ready();
        measure(operations, [&](std::int64_t turn) {
            first = first_order_of(turn);
            std::vector<order> found;
            st.rows([&] { found.push_back(one); });
            std::ranges::transform(found, ids.begin(), &order::id);
            std::vector<std::vector<line>> lines(found.size());
            many.rows([&] { lines[static_cast<std::size_t>(each.order_id - first)].push_back(each); });
            require(found.size() == page && lines.back().size() == lines_per_order);
        });
    }

    void insert(prepared& st, std::int64_t operations) {
        user one;
        std::int64_t key = 0;
        take_values(st, one);
        st.with(into(key));
        st.ready();
        measure(operations, [&](std::int64_t turn) {
            one = new_user(turn);
            require(st.execute(true) && key > 0);
            st.fetch(); // fetch to the end, which makes SQLite commit
        });
    }

    void insert_many(prepared& st, std::int64_t operations) {
        std::vector<user> rows = new_users();
        for (user& one : rows) take_values(st, one);
        st.ready();
        measure(operations, [&](std::int64_t) {
            st.execute(true);
            require(st.get_affected_rows() == static_cast<long long>(batch));
        });
    }

    void update(prepared& st, std::int64_t operations) {
        user one;
        take_values(st, one);
        st.with(use(one.id));
        st.ready();
        measure(operations, [&](std::int64_t turn) {
            one = new_user(turn);
            one.id = user_of(turn);
            sql_ << begin_;
            st.execute(true);
            require(st.get_affected_rows() == 1);
            sql_ << "COMMIT";
        });
    }

    void read_fortunes(prepared& st, std::int64_t operations) {
        fortune one;
        st.with(into(one.id), into(one.message));
        st.ready();
        measure(operations, [&](std::int64_t) {
            std::vector<fortune> all;
            st.rows([&] { all.push_back(one); });
            all.push_back({0, "Additional fortune added at request time."});
            std::ranges::sort(all, {}, &fortune::message);
            require(all.size() == fortunes + 1);
        });
    }

    soci::session sql_;
    const char* begin_;
};

} // namespace

} // namespace orm_bench

int main(int argc, char** argv) {
    return orm_bench::run(argc, argv, [](const weir::bench::arguments& given) {
        orm_bench::cases(given.text("url")).run(given.text("case"), given.number<std::int64_t>("operations"));
    });
}
