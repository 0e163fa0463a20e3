// SPDX-License-Identifier: MIT
#include "mq/queue_names.hpp"
#include "orm/outbox/outbox_rows.hpp"
#include "orm/sql/dialect.hpp"
#include <weir/orm/migrate.hpp>
#include <weir/orm/outbox_store.hpp>
#include <weir/orm/repository.hpp>

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace weir::orm {

namespace {

// A free row, before its message is read.
struct candidate {
    std::int64_t id{};
    std::string message_key{};
    std::int64_t bytes{};
};
BOOST_DESCRIBE_STRUCT(candidate, (), (id, message_key, bytes))

using candidates = std::vector<candidate>;
using entries = std::vector<outbox_entry>;

// Locks the first free rows; leaves out those locked by another relay's claim or settlement, and those whose key has an
// earlier row that isn't free.
result<candidates> lock_free_rows(session& s, wall_time now, std::size_t most) {
    std::string sql =
        "SELECT id, message_key, bytes FROM outbox_messages o WHERE free_at <= ? AND (message_key = '' "
        "OR NOT EXISTS (SELECT 1 FROM outbox_messages e WHERE e.message_key = o.message_key "
        "AND e.id < o.id AND e.free_at > ?)) ORDER BY id LIMIT ";
    sql.append(std::to_string(most)).append(s.dialect().lock_clause(if_locked::skip));
    return detail::query_rows<candidate>(s, detail::statement(std::move(sql), now, now));
}

// Keeps at least one row.
void limit_bytes(candidates& rows, std::size_t most) {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        sum += static_cast<std::size_t>(std::max<std::int64_t>(rows[i].bytes, 0));
        if (i == 0 || sum <= most) continue;
        rows.resize(i);
        return;
    }
}

// The rows that keys of the candidates have up to the last candidate: the candidates, and those that another relay
// locks.
result<candidates> rows_of_their_keys(transaction& tx, const candidates& rows) {
    std::unordered_set<std::string> keys;
    for (const auto& one : rows)
        if (!one.message_key.empty()) keys.insert(one.message_key);
    if (keys.empty()) return candidates();
    const std::vector<std::string> list(keys.begin(), keys.end());
    return tx.where<outbox_row>(col<&outbox_row::message_key>.in(list) && col<&outbox_row::id> < rows.back().id)
        .select<candidate>()
        .all();
}

// Leaves out rows with an earlier row of their key outside of the candidates. Another relay may be about to claim it:
// its lock hid it, but its lease isn't visible yet.
result<void> leave_out_overtaking(transaction& tx, candidates& rows) {
    const auto all = rows_of_their_keys(tx, rows);
    if (!all) return all.error();
    std::unordered_set<std::int64_t> ours;
    for (const auto& one : rows) ours.insert(one.id);
    std::map<std::string_view, std::int64_t> first_foreign;
    for (const auto& one : *all) {
        if (ours.contains(one.id)) continue;
        const auto [at, added] = first_foreign.try_emplace(one.message_key, one.id);
        if (!added) at->second = std::min(at->second, one.id);
    }
    std::erase_if(rows, [&](const candidate& one) {
        const auto at = first_foreign.find(one.message_key);
        return at != first_foreign.end() && at->second < one.id;
    });
    return ok();
}

wall_time later(wall_time at, duration by) { return at + std::chrono::ceil<wall_time::duration>(by); }

auto claimed_by(const std::vector<std::int64_t>& ids, const std::string& holder) {
    return col<&outbox_row::id>.in(ids) && col<&outbox_row::holder> == holder;
}

std::vector<std::int64_t> rows_with(std::span<const outbox_outcome> outcomes, outbox_outcome::what kind) {
    std::vector<std::int64_t> ids;
    for (const auto& one : outcomes)
        if (one.kind == kind) ids.push_back(one.row);
    return ids;
}

result<std::size_t> mark_failed(transaction& tx, const outbox_outcome& how, const std::string& holder, wall_time now) {
    return tx.repo<outbox_row>().update_where(
        col<&outbox_row::id> == how.row && col<&outbox_row::holder> == holder,
        (col<&outbox_row::free_at>) = later(now, how.delay), (col<&outbox_row::holder>) = std::string(),
        (col<&outbox_row::failures>) += 1, (col<&outbox_row::last_failure>) = failure_text(how.failure));
}

// A row that was changed by hand stays claimed, so that it holds up no others; each claim after the lease notes it
// again.
result<std::size_t> note_damage(transaction& tx, std::int64_t id, const error& damage) {
    return tx.repo<outbox_row>().update_where(col<&outbox_row::id> == id, (col<&outbox_row::failures>) += 1,
                                              (col<&outbox_row::last_failure>) = failure_text(damage));
}

result<entries> read_entries(transaction& tx, const std::vector<std::int64_t>& ids, wall_time now) {
    auto rows = tx.where<outbox_row>(col<&outbox_row::id>.in(ids)).order_by(oldest<&outbox_row::id>).all();
    if (!rows) return rows.error();
    entries all;
    all.reserve(rows->size());
    for (auto& one : *rows) {
        const std::int64_t id = one.id;
        auto entry = entry_of(std::move(one), now);
        if (entry)
            all.push_back(std::move(*entry));
        else if (auto noted = note_damage(tx, id, entry.error()); !noted)
            return noted.error();
    }
    return all;
}

// Returns how many rows the holder still held.
result<std::size_t> settle_rows(transaction& tx, const std::string& holder, std::span<const outbox_outcome> outcomes,
                                wall_time now) {
    using what = outbox_outcome::what;
    std::size_t ours = 0;
    if (const auto ids = rows_with(outcomes, what::published); !ids.empty()) {
        const auto erased = tx.repo<outbox_row>().erase_where(claimed_by(ids, holder));
        if (!erased) return erased.error();
        ours += *erased;
    }
    if (const auto ids = rows_with(outcomes, what::returned); !ids.empty()) {
        const auto freed = tx.repo<outbox_row>().update_where(
            claimed_by(ids, holder), (col<&outbox_row::free_at>) = wall_time(),
            (col<&outbox_row::holder>) = std::string());
        if (!freed) return freed.error();
        ours += *freed;
    }
    for (const auto& one : outcomes) {
        if (one.kind != what::failed) continue;
        const auto marked = mark_failed(tx, one, holder, now);
        if (!marked) return marked.error();
        ours += *marked;
    }
    return ours;
}

} // namespace

outbox_store::outbox_store(database& db, outbox_store_options options) : db_(&db), options_(options) {
    db.expect(table_of<outbox_row>());
}

task<result<void>> outbox_store::prepare() { return auto_migrate<outbox_row>(*db_); }

result<void> outbox_store::add(transaction& tx, message one) {
    if (auto accepted = mq::detail::check_message(one, options_.max_message_bytes); !accepted) return accepted;
    if (one.id.empty()) one.id = mq::detail::unique_id();
    auto row = row_of(one, (options_.time ? *options_.time : system_clock()).wall_now());
    if (!row) return row.error();
    if (auto stored = tx.insert(*row); !stored) return stored;
    tx.on_commit([this] { (void)added().try_send({}); });
    return ok();
}

result<wall_time> outbox_store::now(session& s) const {
    if (options_.time) return options_.time->wall_now();
    const auto microseconds = detail::select_value<std::int64_t>(s, detail::statement(s.dialect().select_now()));
    if (!microseconds) return microseconds.error();
    return wall_time(std::chrono::microseconds(*microseconds));
}

result<wall_time> outbox_store::time_in(reader& r) const {
    return r.perform<wall_time>(access::read, [this](session& s) { return now(s); });
}

task<result<std::vector<outbox_entry>>> outbox_store::claim(
    std::string_view holder, std::size_t most, std::size_t most_bytes, duration lease) {
    auto job = [this, holder = std::string(holder), most, most_bytes, lease](session& s) -> result<entries> {
        if (auto set = s.dialect().read_latest_rows(s); !set) return set.error();
        return detail::atomically(s, [&] { return claim_in(s, holder, most, most_bytes, lease); });
    };
    return db_->perform<entries>(access::write, std::move(job));
}

result<std::vector<outbox_entry>> outbox_store::claim_in(
    session& s, const std::string& holder, std::size_t most, std::size_t most_bytes, duration lease) const {
    transaction tx(s);
    const auto time = now(s);
    if (!time) return time.error();
    auto rows = lock_free_rows(s, *time, most);
    if (!rows) return rows.error();
    limit_bytes(*rows, most_bytes);
    if (auto sorted = leave_out_overtaking(tx, *rows); !sorted) return sorted.error();
    if (rows->empty()) return entries();

    std::vector<std::int64_t> ids;
    for (const auto& one : *rows) ids.push_back(one.id);
    const auto held = tx.repo<outbox_row>().update_where(
        col<&outbox_row::id>.in(ids), (col<&outbox_row::free_at>) = later(*time, lease),
        (col<&outbox_row::holder>) = holder);
    if (!held) return held.error();
    return read_entries(tx, ids, *time);
}

task<result<std::size_t>> outbox_store::extend(std::string_view holder, std::span<const std::int64_t> rows,
                                               duration lease) {
    auto body = [this, holder = std::string(holder), rows, lease](transaction& tx) -> result<std::size_t> {
        const auto time = time_in(tx);
        if (!time) return time.error();
        const std::vector<std::int64_t> ids(rows.begin(), rows.end());
        return tx.repo<outbox_row>().update_where(
            claimed_by(ids, holder), (col<&outbox_row::free_at>) = later(*time, lease));
    };
    auto extending = db_->transaction(body);
    return extending;
}

task<result<std::size_t>> outbox_store::settle(std::string_view holder, std::span<const outbox_outcome> outcomes) {
    auto body = [this, holder = std::string(holder), outcomes](transaction& tx) -> result<std::size_t> {
        const auto time = time_in(tx);
        if (!time) return time.error();
        return settle_rows(tx, holder, outcomes, *time);
    };
    auto settling = db_->transaction(body);
    return settling;
}

task<result<outbox_depth>> outbox_store::depth() {
    auto body = [this](reader& r) -> result<outbox_depth> {
        const auto time = time_in(r);
        if (!time) return time.error();
        const auto count = r.rows<outbox_row>().count();
        if (!count) return count.error();
        const auto first = r.query<wall_time>("SELECT added_at FROM outbox_messages ORDER BY id LIMIT 1");
        if (!first) return first.error();
        outbox_depth found{static_cast<std::size_t>(*count), duration::zero()};
        if (!first->empty()) found.oldest = std::max<duration>(*time - first->front(), duration::zero());
        return found;
    };
    return db_->read(body);
}

} // namespace weir::orm
