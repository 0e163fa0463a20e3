// SPDX-License-Identifier: MIT
// orm_raw --case CASE --url URL --operations N    libpq and sqlite3 directly, with all statements prepared once
#include "orm/raw_postgresql.hpp"
#include "orm/raw_sqlite.hpp"
#include "orm/statements.hpp"

#include <algorithm>

namespace orm_bench {

namespace {

template<class Database>
user read_user(const Database& db) {
    return {db.integer(0), db.text(1), db.text(2), static_cast<int>(db.integer(3)), db.real(4), db.integer(5)};
}

template<class Database>
class cases {
public:
    explicit cases(const std::string& url) : db_(url) {}

    void run(const std::string& name, std::int64_t operations) {
        db_.prepare("one", sql_of(name));
        if (name == "list_preload") db_.prepare("many", lines_of_orders());
        if (name == "find_by_key") return measure(operations, [&](std::int64_t turn) { find(turn); });
        if (name == "list_preload") return measure(operations, [&](std::int64_t turn) { list(turn); });
        if (name == "insert") return measure(operations, [&](std::int64_t turn) { insert(turn); });
        if (name == "insert_many_1000") return measure(operations, [&](std::int64_t) { insert_many(); });
        if (name == "update_tx") return measure(operations, [&](std::int64_t turn) { update(turn); });
        if (name == "fortunes") return measure(operations, [&](std::int64_t) { read_fortunes(); });
        throw std::invalid_argument("no case named " + name);
    }

private:
    void find(std::int64_t turn) {
        user found;
        db_.bind(user_of(turn));
        db_.rows("one", [&] { found = read_user(db_); });
        require(found.id == user_of(turn));
    }

    void list(std::int64_t turn) {
        std::vector<order> found;
        std::vector<std::vector<line>> lines;
        db_.bind(first_order_of(turn));
        db_.rows("one", [&] { found.push_back({db_.integer(0), db_.integer(1), db_.integer(2)}); });
        for (const order& one : found) db_.bind(one.id);
        lines.resize(found.size());
        db_.rows("many", [&] {
            line one{db_.integer(0), db_.integer(1), db_.text(2), static_cast<int>(db_.integer(3))};
            lines[static_cast<std::size_t>(one.order_id - found.front().id)].push_back(std::move(one));
        });
        require(found.size() == page && lines.back().size() == lines_per_order);
    }

    void bind_user(const user& one) {
        db_.bind(one.openid);
        db_.bind(one.name);
        db_.bind(one.age);
        db_.bind(one.balance);
        db_.bind(one.created_ms);
    }

    void insert(std::int64_t turn) {
        std::int64_t key = 0;
        const user one = new_user(turn);
        bind_user(one);
        db_.rows("one", [&] { key = db_.integer(0); });
        require(key > 0);
    }

    void insert_many() {
        for (const user& one : rows_) bind_user(one);
        require(db_.change("one") == batch);
    }

    void update(std::int64_t turn) {
        const user one = new_user(turn);
        db_.plain(db_.begin);
        bind_user(one);
        db_.bind(user_of(turn));
        require(db_.change("one") == 1);
        db_.plain("COMMIT");
    }

    void read_fortunes() {
        std::vector<fortune> all;
        db_.rows("one", [&] { all.push_back({db_.integer(0), db_.text(1)}); });
        all.push_back({0, "Additional fortune added at request time."});
        std::ranges::sort(all, {}, &fortune::message);
        require(all.size() == fortunes + 1);
    }

    Database db_;
    std::vector<user> rows_ = new_users();
};

} // namespace

} // namespace orm_bench

int main(int argc, char** argv) {
    using namespace orm_bench;
    return run(argc, argv, [](const weir::bench::arguments& given) {
        const auto operations = given.number<std::int64_t>("operations");
        if (is_server(given.text("url")))
            cases<raw_postgresql>(given.text("url")).run(given.text("case"), operations);
        else
            cases<raw_sqlite>(given.text("url")).run(given.text("case"), operations);
    });
}
