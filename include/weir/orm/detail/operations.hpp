// SPDX-License-Identifier: MIT
#pragma once

#include <weir/orm/detail/session.hpp>
#include <weir/orm/query/selection.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <span>
#include <vector>

namespace weir::orm {

/// Whether an operation may change rows; reads run concurrently.
enum class access : std::uint8_t { read, write };

} // namespace weir::orm

// The operations of repositories and queries, on one session inside a job.
namespace weir::orm::detail {

/// `todos 7 not found`
error row_not_found(const table_info& table, argument key);
error no_row(const table_info& table);

/// Stores a row without its key; `key` receives the one that the database generates.
result<void> insert_new(session& s, const table_info& table, std::span<const argument> rest, const target& key);

/// The same with given statements, the second of which returns the key.
result<void> insert_with_key(session& s, std::string_view plain, std::string_view returning,
                             std::span<const argument> rest, const target& key);

/// Runs a query; its rows are written to `out`.
error select_into(session& s, const fragment& query, std::span<const target> out, row_sink& sink,
                  std::size_t most = session::all_rows);
/// The same for results too large for memory.
result<std::size_t> stream_into(session& s, const fragment& query, std::span<const target> out, row_sink& sink);
/// errc::not_found if no row has the key.
error find_row(session& s, const table_info& table, argument key, std::span<const target> out);
/// Stores a row as given, or with a generated key, which `key` receives.
result<void> insert_row(session& s, const table_info& table, std::span<const argument> row, const target& key,
                        bool new_key);
/// Runs an INSERT of rows with given keys, makes later generated keys greater, and returns the number of stored rows.
result<std::size_t> insert_given(session& s, const table_info& table, std::string_view sql,
                                 std::span<const argument> in);
/// Stores every column of the row with this key; errc::not_found if there is none.
result<void> update_row(session& s, const table_info& table, std::span<const argument> row);
/// Runs a statement on one row, whose key is the last argument; errc::not_found if no row matches.
result<void> change_row(session& s, const table_info& table, std::string_view sql, std::span<const argument> in);

/// Runs a statement on the rows that meet a condition; returns their number. errc::invalid_argument for a moved-from
/// condition, which is empty: the statement would change every row.
result<std::size_t> change_rows(session& s, const fragment& statement, bool unconditional);
/// Changes columns of the rows that meet a condition; returns their number.
result<std::size_t> update_where(session& s, const table_info& table, std::span<const change> changes,
                                 const fragment& where);

/// Stores a row; replaces the one with the same key, if any.
result<void> upsert_by_key(session& s, const table_info& table, std::span<const argument> row);
/// The same for a row identified by unique columns instead of its key; `key` receives the stored row's key.
result<void> upsert_by(session& s, const table_info& table, std::span<const std::size_t> unique,
                       std::span<const argument> rest, const target& key);

/// `SELECT ... FOR UPDATE` in the session's dialect.
fragment select_for_update(const session& s, const table_info& table, const selection& wanted, if_locked how);

/// Makes a failed result; boost::system::result<bool> is not constructible from an error.
template<class R>
result<R> failed(error why) {
    return {boost::system::in_place_error, std::move(why)};
}

struct keep_in_place final : row_sink {
    void take() override {}
};

template<class T>
struct row_collector final : row_sink {
    std::vector<T> rows{};
    T row{};

    void take() override { rows.push_back(std::move(row)); }
};

template<class T>
result<std::vector<T>> select_all(session& s, const fragment& query) {
    row_collector<T> into;
    if (error failure = select_into(s, query, targets_of(into.row), into)) return failure;
    return std::move(into.rows);
}

template<class V>
result<V> select_value(session& s, const fragment& query) {
    V got{};
    const target out{&column_type_of<V>, &got};
    keep_in_place sink;
    if (error failure = select_into(s, query, std::span(&out, 1), sink, 1)) return failed<V>(std::move(failure));
    return got;
}

/// Passes each row to `f` and keeps none.
template<class T, class F>
struct row_visitor final : row_sink {
    explicit row_visitor(F& callable) : f(callable) {}

    void take() override {
        try {
            show();
        } catch (...) {
            thrown = std::current_exception(); // drivers expect only their own exceptions to end a statement
        }
    }
    bool wants_more() const noexcept override { return !stopped && !thrown; }

    void show() {
        if constexpr (std::is_void_v<std::invoke_result_t<F&, T&>>) {
            f(row);
        } else {
            static_assert(std::same_as<std::invoke_result_t<F&, T&>, result<void>>,
                          "weir: the function for each row returns nothing or weir::result<void>");
            if (auto seen = f(row); !seen) stopped = seen.error();
        }
    }

    F& f;
    T row{};
    error stopped{};
    std::exception_ptr thrown{};
};

template<class Row>
auto targets_for(Row& row) {
    if constexpr (reflect::described<Row>)
        return targets_of(row);
    else
        return std::array<target, 1>{target{&column_type_of<Row>, &row}};
}

template<class T, class F>
result<std::size_t> visit(session& s, const fragment& query, F& f) {
    row_visitor<T, F> visitor(f);
    const auto out = targets_for(visitor.row);
    auto seen = stream_into(s, query, out, visitor);
    if (visitor.thrown) std::rethrow_exception(visitor.thrown);
    if (visitor.stopped) return visitor.stopped;
    return seen;
}

result<std::size_t> execute(session& s, const fragment& statement);

/// A custom statement with its values.
template<class... Args>
fragment statement(std::string sql, Args&&... args) {
    fragment made{std::move(sql)};
    made.values.reserve(sizeof...(args));
    (made.values.emplace_back(std::forward<Args>(args)), ...);
    return made;
}

/// Rows of a described struct, whose members are the columns in their order, or of a single column.
template<class Row>
result<std::vector<Row>> query_rows(session& s, const fragment& query) {
    if constexpr (reflect::described<Row>) {
        return select_all<Row>(s, query);
    } else {
        row_collector<Row> into;
        if (error failure = select_into(s, query, targets_for(into.row), into)) return failure;
        return std::move(into.rows);
    }
}

template<class V>
argument key_argument(const V& key) {
    return {&column_type_of<V>, &key};
}

template<class T>
result<T> find(session& s, const key_type<T>& key) {
    T row{};
    if (error failure = find_row(s, table_of<T>(), key_argument(key), targets_of(row))) return failure;
    return row;
}

/// All values of a row except its key.
template<class T>
auto arguments_without_key(const T& row) {
    const auto all = arguments_of(row);
    std::array<argument, reflect::field_count<T> - 1> rest;
    constexpr std::size_t key = reflect::key_field<T>::index;
    for (std::size_t i = 0; i < rest.size(); ++i) rest[i] = all[i < key ? i : i + 1];
    return rest;
}

template<class T>
bool key_is_missing(const T& row) {
    if constexpr (reflect::key_is_generated<T>)
        return row.*reflect::key_member<T> == 0;
    else
        return false;
}

template<class T>
result<void> insert(session& s, T& row) {
    key_type<T>& key = row.*reflect::key_member<T>;
    return insert_row(s, table_of<T>(), arguments_of(row), {&column_type_of<key_type<T>>, &key}, key_is_missing(row));
}

template<class T>
result<void> upsert(session& s, T& row) {
    if (key_is_missing(row)) return insert(s, row);
    if (auto fits = check_values(table_of<T>(), arguments_of(row)); !fits) return fits;
    return upsert_by_key(s, table_of<T>(), arguments_of(row));
}

template<class T, auto... Unique>
result<void> upsert(session& s, T& row, column<Unique>...) {
    if (auto fits = check_values(table_of<T>(), arguments_of(row)); !fits) return fits;
    const std::array<std::size_t, sizeof...(Unique)> unique{reflect::field_in<T, Unique>::index...};
    key_type<T>& key = row.*reflect::key_member<T>;
    return upsert_by(s, table_of<T>(), unique, arguments_without_key(row), {&column_type_of<key_type<T>>, &key});
}

/// Runs `f` in a new transaction, or in the open one.
template<class F>
auto atomically(session& s, F f) -> decltype(f()) {
    if (s.in_transaction()) return f();
    using value = typename decltype(f())::value_type;
    if (auto begun = s.begin(); !begun) return failed<value>(begun.error());
    struct guard {
        session& held;
        ~guard() {
            if (held.in_transaction()) held.rollback();
        }
    } unfinished{s};
    auto out = f();
    if (!out) return out;
    if (auto stored = s.commit(); !stored) return failed<value>(stored.error());
    return out;
}

/// Set a savepoint in the open transaction, roll back to it, or release it. A failed statement may have ended the
/// transaction, which rolls back everything.
result<void> mark_rows(session& s);
void take_back_rows(session& s);
result<void> keep_rows(session& s);

/// Runs `f`, which executes several statements, so that all or none take effect: in a new transaction, or under a
/// savepoint of the open one.
template<class F>
auto all_or_nothing(session& s, F f) -> decltype(f()) {
    if (!s.in_transaction()) return atomically(s, std::move(f));
    using value = typename decltype(f())::value_type;
    if (auto marked = mark_rows(s); !marked) return failed<value>(marked.error());
    auto out = f();
    if (!out) {
        take_back_rows(s);
        return out;
    }
    if (auto kept = keep_rows(s); !kept) return failed<value>(kept.error());
    return out;
}

/// The most values that one statement may have on every database (SQLite allows 32,766, PostgreSQL and MySQL 65,535).
inline constexpr std::size_t most_values = 32'766;

/// The most bytes of strings in one statement that stores several rows: servers limit it (MySQL's max_allowed_packet).
inline constexpr std::size_t enough_bytes = 256 * 1024;

/// The total size of the row's strings in bytes.
template<class T>
std::size_t string_bytes(const T& row) {
    std::size_t bytes = 0;
    reflect::for_each_field<T>([&](auto field) {
        using value = typename decltype(field)::value_type;
        if constexpr (std::same_as<value, std::string>)
            bytes += field.of(row).size();
        else if constexpr (std::same_as<value, std::optional<std::string>>)
            bytes += field.of(row) ? field.of(row)->size() : 0;
    });
    return bytes;
}

/// How many leading rows one statement stores: at most `most`, fewer if they are large, at least one.
template<class T>
std::size_t batch_of(std::span<const T> rows, std::size_t most) {
    most = std::min(most, rows.size());
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < most; ++i) {
        bytes += string_bytes(rows[i]);
        if (i != 0 && bytes > enough_bytes) return i;
    }
    return most;
}

template<class T>
result<std::size_t> insert_batch(session& s, std::span<const T> rows, bool with_key) {
    std::vector<argument> in;
    in.reserve(rows.size() * reflect::field_count<T>);
    for (const T& row : rows) {
        const auto all = arguments_of(row);
        if (auto fits = check_values(table_of<T>(), all); !fits) return fits.error();
        if (with_key) {
            in.insert(in.end(), all.begin(), all.end());
        } else {
            const auto rest = arguments_without_key(row);
            in.insert(in.end(), rest.begin(), rest.end());
        }
    }
    const std::string sql = insert_rows(table_of<T>(), with_key, rows.size());
    return with_key ? insert_given(s, table_of<T>(), sql, in) : s.execute(sql, in);
}

template<class T>
result<std::size_t> insert_many(session& s, std::span<const T> rows, std::size_t batch) {
    std::size_t missing = 0;
    for (const T& row : rows) missing += key_is_missing(row) ? 1 : 0;
    if (missing != 0 && missing != rows.size())
        return error(errc::invalid_argument, "some rows have keys and some have none");
    batch = std::min(batch, most_values / reflect::field_count<T>);
    if (rows.empty()) return std::size_t{0};
    if (batch_of(rows, batch) == rows.size()) return insert_batch(s, rows, missing == 0);
    return all_or_nothing(s, [&]() -> result<std::size_t> {
        std::size_t inserted = 0;
        while (!rows.empty()) {
            const std::size_t next = batch_of(rows, batch);
            auto done = insert_batch(s, rows.first(next), missing == 0);
            if (!done) return done.error();
            inserted += *done;
            rows = rows.subspan(next);
        }
        return inserted;
    });
}

template<class T>
result<void> update(session& s, const T& row) {
    return update_row(s, table_of<T>(), arguments_of(row));
}

template<class T, auto... Members>
result<void> update(session& s, const T& row, column<Members>...) {
    static const std::array<std::size_t, sizeof...(Members)> columns{reflect::field_in<T, Members>::index...};
    static const std::string sql = update_columns(table_of<T>(), columns);
    const argument key = key_argument(row.*reflect::key_member<T>);
    const std::array<argument, sizeof...(Members) + 1> in{key_argument(row.*Members)..., key};
    if (auto fits = check_values(table_of<T>(), columns, in); !fits) return fits;
    return change_row(s, table_of<T>(), sql, in);
}

template<class T>
result<void> erase(session& s, const key_type<T>& key) {
    const argument in = key_argument(key);
    return change_row(s, table_of<T>(), table_of<T>().erase, std::span(&in, 1));
}

/// The row of a query for at most one.
template<class Row>
result<std::optional<Row>> first_row(session& s, const fragment& query) {
    auto rows = query_rows<Row>(s, query);
    if (!rows) return rows.error();
    if (rows->empty()) return std::optional<Row>();
    return std::optional<Row>(std::move(rows->front()));
}

/// The same; errc::not_found naming the table if there is none.
template<class Row>
result<Row> one_row(session& s, const fragment& query, const table_info& table) {
    auto rows = query_rows<Row>(s, query);
    if (!rows) return failed<Row>(rows.error());
    if (rows->empty()) return failed<Row>(no_row(table));
    return Row(std::move(rows->front()));
}

} // namespace weir::orm::detail
