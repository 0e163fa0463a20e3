// SPDX-License-Identifier: MIT
#pragma once

#include "integration/orm/backends.hpp"

#include <future>
#include <memory>
#include <optional>
#include <vector>

#ifdef WEIR_SERVERS

namespace orm_test {

// A server that tests kill and freeze, and leave running; and a database on it.
inline test_support::database_server& running_server(const backend& kind) {
    auto& server = kind.server();
    if (!server.running()) server.start();
    return server;
}

struct drill {
    const backend& kind;
    test_support::database_server& server = running_server(kind);
    empty_database where{kind};
    weir::loop home;
    std::optional<weir::database> db;

    explicit drill(const backend& chosen) : kind(chosen) {}

    void open(std::size_t connections) {
        auto chosen = where.options();
        chosen.pool.maximum_pool_size = connections;
        db.emplace(std::move(chosen));
    }

    // One connection, over a network link that the test damages.
    void open_over(const weir::testing::fault_proxy& line) {
        auto chosen = over(line, kind, where.options());
        chosen.pool.maximum_pool_size = 1;
        db.emplace(std::move(chosen));
    }

    // Makes this many connections open and idle.
    void fill(std::size_t connections) {
        std::promise<void> go;
        const auto all_there = go.get_future().share();
        std::vector<std::unique_ptr<pending<void>>> calls;
        auto wait = [all_there](weir::orm::reader&) -> weir::result<void> {
            all_there.wait();
            return weir::ok();
        };
        for (std::size_t i = 0; i < connections; ++i)
            calls.push_back(std::make_unique<pending<void>>(home, db->read(wait)));
        while (db->stats().writing.active < connections) std::this_thread::yield();
        go.set_value();
        for (auto& call : calls) CHECK(call->wait_on(home));
    }

    weir::result<std::vector<std::int64_t>> ask(std::string sql) {
        return home.block_on(db->query<std::int64_t>(std::move(sql)));
    }

    // Ends another connection of the server from a separate one.
    void end_connection(std::int64_t which) const {
        weir::loop other;
        weir::database admin(where.options());
        auto end = [&](weir::transaction& tx) -> weir::result<void> {
            if (std::string_view(kind.end_connection).starts_with("SELECT"))
                CHECK(tx.query<std::int64_t>(kind.end_connection, which).value().front() == 1);
            else
                CHECK(tx.execute(kind.end_connection, which));
            return weir::ok();
        };
        CHECK(other.block_on(admin.transaction(end)));
    }

    std::int64_t connection() { return ask(kind.this_connection).value().front(); }

    // The server's close may still be under way: a call that comes too early notices it.
    void wait_for_another_connection(std::int64_t before) {
        for (auto after = ask(kind.this_connection); !after || after->front() == before;
             after = ask(kind.this_connection))
            std::this_thread::yield();
    }

    // Repeats calls until one succeeds.
    void wait_for_recovery() {
        while (!ask("SELECT 1")) std::this_thread::yield();
    }
};

} // namespace orm_test

#endif
