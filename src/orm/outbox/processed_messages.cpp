// SPDX-License-Identifier: MIT
#include "orm/sql/dialect.hpp"
#include <weir/orm/migrate.hpp>
#include <weir/orm/processed_messages.hpp>
#include <weir/orm/repository.hpp>

#include <utility>
#include <vector>

namespace weir::orm {

namespace {

// Deletes the oldest ids of a batch; returns how many.
result<std::size_t> forget_batch(transaction& tx, wall_time before, std::size_t most) {
    const auto ids = tx.query<std::int64_t>(
        "SELECT id FROM processed_messages WHERE processed_at < ? ORDER BY processed_at LIMIT " + std::to_string(most),
        before);
    if (!ids) return ids.error();
    if (ids->empty()) return std::size_t{0};
    return tx.repo<processed_message>().erase_where(col<&processed_message::id>.in(*ids));
}

} // namespace

processed_messages::processed_messages(database& db, processed_messages_options options)
    : db_(&db), options_(std::move(options)) {
    db.expect(table_of<processed_message>());
}

task<result<void>> processed_messages::prepare() { return auto_migrate<processed_message>(*db_); }

result<bool> processed_messages::first_time(transaction& tx, std::string_view id) const {
    processed_message row;
    row.consumer = options_.consumer;
    row.message_id = std::string(id);
    row.processed_at = options_.time->wall_now();
    auto job = [&row](session& s) -> result<std::size_t> {
        const auto& table = table_of<processed_message>();
        if (auto fits = check_values(table, arguments_of(row)); !fits) return fits.error();
        return s.execute(s.dialect().insert_unless_present(table.insert_keyless), detail::arguments_without_key(row));
    };
    const auto stored = tx.perform<std::size_t>(access::write, job);
    if (!stored) return detail::failed<bool>(stored.error());
    return *stored == 1;
}

result<bool> processed_messages::seen(reader& r, std::string_view id) const {
    return r
        .where<processed_message>(
            col<&processed_message::consumer> == options_.consumer && col<&processed_message::message_id> == id)
        .exists();
}

task<result<std::size_t>> processed_messages::forget_old() const {
    constexpr std::size_t batch = 1000;
    database& db = *db_;
    const wall_time before = options_.time->wall_now() - std::chrono::ceil<wall_time::duration>(options_.keep);
    std::size_t forgotten = 0;
    for (;;) {
        auto body = [before](transaction& tx) { return forget_batch(tx, before, batch); };
        const auto done = co_await db.transaction(body);
        if (!done) co_return done.error();
        forgotten += *done;
        if (*done < batch) co_return forgotten;
    }
}

} // namespace weir::orm
