// SPDX-License-Identifier: MIT
#include "orm/sqlite/sqlite_session.hpp"

#include "orm/soci/soci_session.hpp"
#include "orm/sqlite/sqlite_api.hpp"
#include "orm/sqlite/sqlite_arithmetic.hpp"
#include "orm/sqlite/sqlite_dialect.hpp"
#include "orm/sqlite/sqlite_error.hpp"

#include <cmath>
#include <optional>
#include <thread>

namespace weir::orm {

namespace {

using sqlite_api::sqlite3;
using sqlite_api::sqlite3_stmt;

// SQLite's VM instructions between two checks of the clock: some 20 us.
constexpr int instructions_between_looks = 2000;

// Debian's library hides the type information of its classes, so that UBSan's check of these casts can't link.
__attribute__((no_sanitize("vptr"))) sqlite3* handle_of(soci::session& connection) {
    return static_cast<soci::sqlite3_session_backend*>(connection.get_backend())->conn_;
}

__attribute__((no_sanitize("vptr"))) sqlite3_stmt* handle_of(soci::statement& st) {
    return static_cast<soci::sqlite3_statement_backend*>(st.get_backend())->stmt_;
}

bool is_whole(double number) { return number >= -0x1p63 && number < 0x1p63 && number == std::trunc(number); }

// SQLite stores any value in any column: SOCI would read 'abc' as 0. Reading a number through SOCI leaves the value's
// type unchanged.
__attribute__((no_sanitize("vptr"))) bool is_of_kind(soci::details::statement_backend& st, int column,
                                                     column_kind kind) {
    auto* const statement = static_cast<soci::sqlite3_statement_backend&>(st).stmt_;
    const int held = sqlite_api::sqlite3_column_type(statement, column - 1);
    switch (kind) {
    case column_kind::integer:
    case column_kind::boolean:
        return held == SQLITE_INTEGER ||
               (held == SQLITE_FLOAT && is_whole(sqlite_api::sqlite3_column_double(statement, column - 1)));
    case column_kind::real:
        return held == SQLITE_INTEGER || held == SQLITE_FLOAT;
    case column_kind::text:
    case column_kind::time:
    case column_kind::enumeration:
        break;
    }
    return true; // every value has a string form, and the parser rejects what isn't a time
}

// SOCI determines a column's type by running the statement if it doesn't know the declared type. Describing the columns
// first prevents that; their types are never used.
__attribute__((no_sanitize("vptr"))) void describe_columns(soci::sqlite3_statement_backend& st) {
    const int count = sqlite_api::sqlite3_column_count(st.stmt_);
    st.columns_.resize(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        const char* const name = sqlite_api::sqlite3_column_name(st.stmt_, i);
        auto& column = st.columns_[static_cast<std::size_t>(i)];
        column.type_ = soci::dt_string;
#if SOCI_VERSION >= 400100
        column.dataType_ = soci::db_string;
#endif
        column.name_ = name && *name ? name : "?"; // SOCI takes an empty name for an unknown column
    }
}

std::string_view prepared_part(sqlite3_stmt* st) {
    const char* const text = sqlite_api::sqlite3_sql(st);
    return text ? text : std::string_view();
}

// Rejects SQLite's other placeholders, `?5`, `:name`, `@name` and `$name`, and further statements.
__attribute__((no_sanitize("vptr"))) void prepare(soci::statement& st, const std::string& sql,
                                                  std::vector<std::string> parts) {
    st.prepare(sql);
    auto& made = *static_cast<soci::sqlite3_statement_backend*>(st.get_backend());
    describe_columns(made);
    if (!is_blank_sql(std::string_view(sql).substr(prepared_part(made.stmt_).size()), sqlite_syntax))
        throw binding_error(errc::invalid_argument, "only one statement at a time: there is more SQL after the first");
    if (static_cast<std::size_t>(sqlite_api::sqlite3_bind_parameter_count(made.stmt_)) != parts.size() - 1)
        throw binding_error(errc::invalid_argument,
                            "values are marked by question marks only, not by `?5`, `:name`, `@name` or `$name`");
}

std::optional<std::size_t> columns_of(soci::statement& st, std::string_view) {
    return static_cast<std::size_t>(sqlite_api::sqlite3_column_count(handle_of(st)));
}

// SQLite allows 32,766 values everywhere, and more if built so.
constexpr driver_style as_sqlite_does{
    .syntax = sqlite_syntax,
    .most_values = 32'766,
    .prepare = prepare,
    .columns = columns_of,
    .is_of_kind = is_of_kind};

class sqlite_session final : public soci_session {
public:
    explicit sqlite_session(const sqlite_options& options)
        : soci_session(soci::sqlite3, "db=\"" + options.path + "\"", as_sqlite_does),
          busy_timeout_(options.busy_timeout) {
        sqlite_api::sqlite3_busy_handler(handle(), &sqlite_session::on_busy, this);
        sqlite_api::sqlite3_progress_handler(handle(), instructions_between_looks, &sqlite_session::on_progress, this);
        sqlite_api::sqlite3_extended_result_codes(handle(), 1);
    }

    // Returns a pragma's failure in SQLite's words.
    result<void> set_up(bool read_only, const std::string& init_sql) {
        if (define_arithmetic(handle()) != SQLITE_OK || switch_to_wal() != SQLITE_OK) return last_error();
        for (const char* pragma :
             {"PRAGMA synchronous=NORMAL", "PRAGMA foreign_keys=ON",
              "PRAGMA case_sensitive_like=ON", // as on other databases
              read_only ? "PRAGMA query_only=ON" : "PRAGMA query_only=OFF", init_sql.c_str()})
            if (run(pragma) != SQLITE_OK) return last_error();
        return ok();
    }

    void end_job() noexcept override {
        disarm();
        soci_session::end_job();
    }

    bool answers(duration) override { return true; } // SQLite runs in this process

    const orm::dialect& dialect() const noexcept override { return sqlite_dialect(); }

private:
    struct interrupter {
        sqlite3* handle;
        void operator()() const noexcept { sqlite_api::sqlite3_interrupt(handle); }
    };

    sqlite3* handle() noexcept { return handle_of(connection()); }

    int run(const char* sql) { return sqlite_api::sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr); }

    // The first program to open a file upgrades its read lock to a write lock, and while a read lock is held SQLite
    // doesn't call the busy handler: it refuses the second program at once, which then holds no lock and can retry.
    int switch_to_wal() {
        const time_point since = system_clock().now();
        for (int tries = 0;; ++tries) {
            const int code = run("PRAGMA journal_mode=WAL");
            if ((code & 0xff) != SQLITE_BUSY || !wait_a_little(tries, since)) return code;
        }
    }

    error last_error() {
        const int code = sqlite_api::sqlite3_extended_errcode(handle());
        if (sqlite_is_broken(code)) mark_broken();
        const std::string text = sqlite_api::sqlite3_errmsg(handle());
        return sqlite_error(code, text, index_on(sqlite_unique_columns(code, text)));
    }

    // The name of the unique index on `users.openid, users.tenant`; empty if there is none.
    std::string index_on(std::string_view columns) {
        if (columns.empty()) return {};
        sqlite3_stmt* made = nullptr;
        sqlite_api::sqlite3_prepare_v2(
            handle(),
            "SELECT name FROM pragma_index_list(?1) AS one WHERE \"unique\" AND ?2 = "
            "(SELECT group_concat(?1 || '.' || name, ', ') FROM pragma_index_info(one.name))",
            -1, &made, nullptr);
        const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> asked(made, &sqlite_api::sqlite3_finalize);
        const auto bind = [&](int position, std::string_view value) {
            sqlite_api::sqlite3_bind_text(made, position, value.data(), static_cast<int>(value.size()), nullptr);
        };
        bind(1, columns.substr(0, columns.find('.')));
        bind(2, columns);
        if (sqlite_api::sqlite3_step(made) != SQLITE_ROW) return {};
        return reinterpret_cast<const char*>(sqlite_api::sqlite3_column_text(made, 0));
    }

    error explain(const std::exception& failure) override {
        const int code = sqlite_api::sqlite3_errcode(handle()) & 0xff;
        if (code == SQLITE_INTERRUPT || code == SQLITE_BUSY)
            if (auto late = reason_to_end()) return late;
        if (code == SQLITE_INTERRUPT) return errc::cancelled; // interrupted for a reason that no longer holds
        if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
            return error(errc::internal, "the query failed").caused_by(error(errc::unknown, failure.what()));
        return last_error();
    }

    void finish(soci::statement& st) noexcept override {
        sqlite_api::sqlite3_reset(handle_of(st));
        changes_seen_ = sqlite_api::sqlite3_total_changes(handle());
    }

    std::size_t width(soci::statement& st) override {
        return static_cast<std::size_t>(sqlite_api::sqlite3_column_count(handle_of(st)));
    }

    // SQLite keeps the count of the last INSERT, UPDATE or DELETE after statements of other kinds.
    std::size_t changed_rows(soci::statement& st) override {
        if (sqlite_api::sqlite3_total_changes(handle()) == changes_seen_) return 0;
        return soci_session::changed_rows(st);
    }

    bool transaction_lost() override { return !transaction_open(); }
    bool transaction_open() override { return sqlite_api::sqlite3_get_autocommit(handle()) == 0; }

    // Takes the write lock at once: a transaction that first reads and later writes could find its snapshot outdated.
    const char* begin_statement() const override { return "BEGIN IMMEDIATE"; }

    void arm() override { on_stop_.emplace(limits_.stop, interrupter{handle()}); }
    void disarm() noexcept override { on_stop_.reset(); }

    static int on_progress(void* self) { return static_cast<sqlite_session*>(self)->out_of_time() ? 1 : 0; }

    static int on_busy(void* self, int tries) {
        return static_cast<sqlite_session*>(self)->wait_for_lock(tries) ? 1 : 0;
    }

    bool wait_for_lock(int tries) {
        if (tries == 0) busy_since_ = system_clock().now();
        return wait_a_little(tries, busy_since_);
    }

    // Another program holds the lock: waits in small steps, to notice cancellation and deadlines.
    bool wait_a_little(int tries, time_point since) const {
        if (out_of_time() || system_clock().now() - since >= busy_timeout_) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(tries < 4 ? 1 << tries : 20));
        return true;
    }

    duration busy_timeout_;
    time_point busy_since_{};
    int changes_seen_ = 0;
    std::optional<std::stop_callback<interrupter>> on_stop_;
};

error cannot_open(error cause) {
    return error(errc::unavailable, "the database can't be opened").caused_by(std::move(cause));
}

} // namespace

result<std::unique_ptr<connection>> open_sqlite(const sqlite_options& options, std::stop_token stop) {
    if (options.path.empty() || options.path.find('"') != std::string::npos)
        return cannot_open(error(errc::invalid_argument, "not a path: '" + options.path + "'"));
    try {
        auto opened = std::make_unique<sqlite_session>(options);
        job_limits limits;
        limits.stop = std::move(stop);
        opened->begin_job(limits);
        const auto ready = opened->set_up(options.read_only, options.init_sql);
        opened->end_job();
        if (!ready) return cannot_open(error(ready.error().kind(), options.path + ": " + ready.error().describe()));
        return std::unique_ptr<connection>(std::move(opened));
    } catch (const soci::soci_error& failure) {
        return cannot_open(error(errc::unavailable, options.path + ": " + failure.get_error_message()));
    }
}

} // namespace weir::orm
