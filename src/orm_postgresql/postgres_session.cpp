// SPDX-License-Identifier: MIT
#include "orm/soci/driver.hpp"
#include "orm/soci/network_session.hpp"
#include "orm/soci/open_connection.hpp"
#include "orm/soci/opening_watch.hpp"
#include "orm/sql/database_error.hpp"
#include "orm_postgresql/postgres_dialect.hpp"
#include "orm_postgresql/postgres_error.hpp"
#include "orm_postgresql/postgres_probe.hpp"
#include "orm_postgresql/socket_mark.hpp"

#include <fmt/format.h>
#include <soci/postgresql/soci-postgresql.h>

#include <algorithm>
#include <array>
#include <libpq-fe.h>
#include <limits>
#include <poll.h>

namespace weir::orm {

namespace {

// Debian's library hides the type information of its classes, so that UBSan's check of these casts can't link.
__attribute__((no_sanitize("vptr"))) PGconn* handle_of(soci::session& connection) {
    return static_cast<soci::postgresql_session_backend*>(connection.get_backend())->conn_;
}

__attribute__((no_sanitize("vptr"))) soci::postgresql_statement_backend& backend_of(soci::statement& st) {
    return *static_cast<soci::postgresql_statement_backend*>(st.get_backend());
}

__attribute__((no_sanitize("vptr"))) soci::details::postgresql_result& result_of(soci::statement& st) {
    return backend_of(st).result_;
}

using namespace std::chrono_literals;

using answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

// SOCI's own exception can't be constructed outside its library.
struct statement_refused : std::runtime_error {
    statement_refused(const char* text, const char* sqlstate) : std::runtime_error(text), sqlstate(sqlstate) {}
    std::string sqlstate;
};

answer require_success(PGconn* server, answer got) {
    if (PQresultStatus(got.get()) == PGRES_COMMAND_OK) return got;
    const char* const sqlstate = PQresultErrorField(got.get(), PG_DIAG_SQLSTATE);
    throw statement_refused(got ? PQresultErrorMessage(got.get()) : PQerrorMessage(server), sqlstate ? sqlstate : "");
}

answer require_success(PGconn* server, PGresult* result) { return require_success(server, answer(result, &PQclear)); }

// The statement with `$1`, `$2`, ... for its values.
std::string with_numbered_values(const std::vector<std::string>& parts) {
    std::string made = parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i) made.append("$").append(std::to_string(i)).append(parts[i]);
    return made;
}

// SOCI's own preparation, without its search for named values.
__attribute__((no_sanitize("vptr"))) void prepare(soci::statement& st, const std::string&,
                                                  std::vector<std::string> parts) {
    auto& made = backend_of(st);
    PGconn* const server = made.session_.conn_;
    const std::string name = "weir_" + std::to_string(++made.session_.statementCount_);
    require_success(server, PQprepare(server, name.c_str(), with_numbered_values(parts).c_str(), 0, nullptr));
    made.statementName_ = name;
    made.stType_ = soci::details::st_repeatable_query;
}

// Costs a round trip, but only once per cached statement.
__attribute__((no_sanitize("vptr"))) std::optional<std::size_t> columns_of(soci::statement& st, std::string_view sql) {
    if (has_no_lasting_effect(sql, postgres_syntax)) return std::nullopt;
    const auto& made = backend_of(st);
    PGconn* const server = made.session_.conn_;
    const answer described = require_success(server, PQdescribePrepared(server, made.statementName_.c_str()));
    return static_cast<std::size_t>(PQnfields(described.get()));
}

// For statements that are sent whole at each execution.
__attribute__((no_sanitize("vptr"))) void keep_whole(soci::statement& st, const std::string&,
                                                     std::vector<std::string> parts) {
    auto& made = backend_of(st);
    made.query_ = with_numbered_values(parts);
    made.stType_ = soci::details::st_one_time_query;
}

answer next_in_pipeline(PGconn* server) {
    answer got(PQgetResult(server), &PQclear);
    const answer end(PQgetResult(server), &PQclear);
    return got;
}

// In one pipeline, which a pooler keeps on one connection.
__attribute__((no_sanitize("vptr"))) std::optional<std::size_t> columns_of_whole(
    soci::statement& st, std::string_view sql) {
    if (has_no_lasting_effect(sql, postgres_syntax)) return std::nullopt;
    const auto& made = backend_of(st);
    PGconn* const server = made.session_.conn_;
    PQenterPipelineMode(server);
    PQsendPrepare(server, "", made.query_.c_str(), 0, nullptr);
    PQsendDescribePrepared(server, "");
    PQpipelineSync(server);
    answer prepared = next_in_pipeline(server);
    answer described = next_in_pipeline(server);
    const answer synced(PQgetResult(server), &PQclear);
    PQexitPipelineMode(server);
    require_success(server, std::move(prepared));
    return static_cast<std::size_t>(PQnfields(require_success(server, std::move(described)).get()));
}

__attribute__((no_sanitize("vptr"))) void abandon(soci::details::statement_backend& st) {
    static_cast<soci::postgresql_statement_backend&>(st).statementName_.clear();
}

constexpr driver_style as_postgres_does{
    .syntax = postgres_syntax, .text_booleans = true, .prepare = prepare, .columns = columns_of, .abandon = abandon};

std::string_view field_of(const PGresult* of, int code) {
    const char* const text = PQresultErrorField(of, code);
    return text ? text : std::string_view();
}

// By default libpq writes notices to stderr.
void log_notice(void* to, const PGresult* notice) noexcept {
    const auto& log = *static_cast<const logger*>(to);
    const bool warns = field_of(notice, PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING";
    try {
        log.log(warns ? log_level::warn : log_level::info, "database notice",
                field("sqlstate", field_of(notice, PG_DIAG_SQLSTATE)),
                field("text", field_of(notice, PG_DIAG_MESSAGE_PRIMARY)));
    } catch (const std::bad_alloc&) {
        // the statement continues without the log line
    }
}

constexpr std::int64_t most = std::numeric_limits<int>::max(); // of seconds and milliseconds, for client and server

// libpq's minimum is two seconds; of a repeated option it takes the last.
std::string connect_text(const server_address& at, const socket_mark& mark) {
    std::string text = at.url + (at.url.find('?') == std::string::npos ? "?" : "&") + mark.option();
    if (at.url.find("connect_timeout=") != std::string::npos) return text;
    const auto seconds = whole<std::chrono::seconds>(std::max<duration>(at.connect_timeout, 2s), most);
    return text + "&connect_timeout=" + std::to_string(seconds);
}

// connect_timeout per host, and once more for the steps after that.
duration opening_limit(const server_address& at) {
    const auto hosts = std::ranges::count(std::string_view(at.url).substr(0, at.url.find('?')), ',') + 1;
    const duration each = std::max<duration>(at.connect_timeout, 2s);
    return each > duration::max() / (hosts + 1) ? duration::max() : each * (hosts + 1);
}

class postgres_cancel final : public cancel_request {
public:
    explicit postgres_cancel(PGconn* connection) : request_(PQgetCancel(connection), &PQfreeCancel) {}

    void send() noexcept override {
        std::array<char, 256> why{};
        (void)PQcancel(request_.get(), why.data(), static_cast<int>(why.size())); // its session sees the effect
    }

private:
    std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> request_;
};

class postgres_session final : public network_session {
public:
    postgres_session(const server_address& at, const socket_mark& mark)
        : network_session(soci::postgresql, connect_text(at, mark), as_postgres_does), log_(at.log) {
        PQsetNoticeReceiver(handle(), &log_notice, &log_);
    }

    // SOCI would otherwise deallocate each prepared statement on the server, with a round trip each.
    ~postgres_session() override { hang_up(); }

    result<void> set_up(const server_address& at, const socket_mark& mark) {
        auto request = std::make_shared<postgres_cancel>(handle());
        if (auto watched = watch(PQsocket(handle()), std::move(request), at); !watched) return watched;
        const time_point until = weir::detail::later(system_clock().now(), at.connect_timeout);
        // A pooler tracks these settings for its client; its process id differs from the server's.
        const auto server = run(
            "SET TIME ZONE 'UTC'; SET DateStyle = ISO; SET standard_conforming_strings = on; SELECT pg_backend_pid()",
            until);
        if (!server) return server.error();
        const bool is_direct = *server == std::to_string(PQbackendPID(handle()));
        if (!at.prepared_statements.value_or(is_direct)) send_whole_statements();
        if (auto limited = limit_statements(at.statement_timeout, until); !limited) return limited;
        if (!at.init_sql.empty())
            if (auto own = run(at.init_sql, until); !own) return own.error();
        mark.take_from(PQsocket(handle()), at.url);
        limit_silence(at.connect_timeout);
        return ok();
    }

    result<void> begin() override {
        auto begun = network_session::begin();
        if (!begun) return begun;
        auto limited = limit_transaction();
        if (!limited) rollback();
        return limited;
    }

    const orm::dialect& dialect() const noexcept override { return postgres_dialect(); }

    // libpq buffers whole results, so the rows come through a cursor, which needs a transaction.
    result<std::size_t> stream(std::string_view sql, std::span<const argument> in, std::span<const target> out,
                               row_sink& sink) override {
        const bool within = in_transaction();
        if (!within) {
            if (auto begun = execute("BEGIN READ ONLY", {}); !begun) return begun.error();
            if (auto limited = limit_transaction(); !limited) return limited.error(); // the job's end rolls back
        }
        const std::string cursor = fmt::format("weir_rows_{}", ++cursors_); // one may be read while another one is
        auto rows = through_cursor(cursor, sql, in, out, sink);
        --cursors_;
        if (!within)
            (void)execute("COMMIT", {}); // after the deadline, the job's end rolls back instead
        else if (rows)
            (void)execute("CLOSE " + cursor, {});
        return rows;
    }

private:
    PGconn* handle() noexcept { return handle_of(connection()); }

    result<std::size_t> through_cursor(const std::string& cursor, std::string_view sql, std::span<const argument> in,
                                       std::span<const target> out, row_sink& sink) {
        constexpr std::size_t at_once = 500;
        const std::string fetch = fmt::format("FETCH {} FROM {}", at_once, cursor);
        auto opened = execute(fmt::format("DECLARE {} NO SCROLL CURSOR FOR {}", cursor, sql), in);
        if (!opened) return opened.error();
        for (std::size_t rows = 0;;) {
            auto got = select(fetch, {}, out, sink, all_rows);
            if (!got) return got.error();
            rows += *got;
            if (*got < at_once || !sink.wants_more()) return rows;
        }
    }

    void send_whole_statements() {
        prepares_ = false;
        style().prepare = keep_whole;
        style().columns = columns_of_whole;
    }

    // Sets the limit on the connection; behind a pooler on each transaction.
    result<void> limit_statements(duration timeout, time_point until) {
        const std::string setting =
            "statement_timeout = " + std::to_string(whole<std::chrono::milliseconds>(timeout, most));
        if (!prepares_) {
            limit_ = "SET LOCAL " + setting;
            return ok();
        }
        if (auto set = run("SET " + setting, until); !set) return set.error();
        // The server checks whether its client still waits for the answer; not all systems support it.
        if (PQserverVersion(handle()) >= 140000) (void)run("SET client_connection_check_interval = 1000", until);
        return ok();
    }

    result<void> limit_transaction() {
        if (limit_.empty()) return ok();
        auto limited = execute(limit_, {});
        if (!limited) return limited.error();
        return ok();
    }

    // Runs a statement before the pool watches deadlines: waits at most until `until`. Returns the last statement's
    // first value, if any.
    result<std::string> run(const std::string& sql, time_point until) {
        std::string value;
        bool good = PQsendQuery(handle(), sql.c_str()) == 1;
        while (good) {
            if (auto arrived = wait_for_answer(until); !arrived) return arrived.error();
            const answer got(PQgetResult(handle()), &PQclear);
            if (!got) return value;
            const auto status = PQresultStatus(got.get());
            good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
            if (PQntuples(got.get()) > 0) value = PQgetvalue(got.get(), 0, 0);
        }
        const std::string why = PQerrorMessage(handle());
        while (wait_for_answer(until) && answer(PQgetResult(handle()), &PQclear)) {
        }
        return error(errc::unavailable, why);
    }

    result<void> wait_for_answer(time_point until) {
        while (PQisBusy(handle())) {
            const duration left = until - system_clock().now();
            if (left <= duration::zero())
                return error(errc::unavailable, "the server accepted the connection but doesn't answer");
            pollfd socket{PQsocket(handle()), POLLIN, 0};
            ::poll(&socket, 1,
                   static_cast<int>(whole<std::chrono::milliseconds>(std::min<duration>(left, 1min), most)));
            if (!PQconsumeInput(handle())) return error(errc::unavailable, PQerrorMessage(handle()));
        }
        return ok();
    }

    error explain(const std::exception& failure) override {
        const auto* const known = dynamic_cast<const soci::postgresql_soci_error*>(&failure);
        const std::string text = driver_message(failure);
        const auto* const refused = dynamic_cast<const statement_refused*>(&failure);
        const std::string sqlstate = known ? known->sqlstate() : refused ? refused->sqlstate : std::string();
        error meaning = is_outdated(failure) ? schema_changed() : postgres_error(sqlstate, text);
        if (PQstatus(handle()) == CONNECTION_BAD || postgres_is_gone(sqlstate)) {
            meaning = connection_failed(connection_lost());
        } else if (sqlstate == "57014") {
            meaning = reason_or(std::move(meaning));
        }
        return std::move(meaning).caused_by(
            error(errc::unknown, "postgresql " + sqlstate + ": " + without_values(sqlstate, text)));
    }

    // The statement doesn't exist, or "cached plan must not change result type", in any language.
    bool is_outdated(const std::exception& failure) const override {
        const auto* const known = dynamic_cast<const soci::postgresql_soci_error*>(&failure);
        if (!known) return false;
        return known->sqlstate() == "26000" || (known->sqlstate() == "0A000" && plan_refused_);
    }

    // For an unprepared statement SOCI would call PQexec, which accepts several statements in one string. Sets the
    // result as if SOCI had described a statement, so that SOCI uses it.
    __attribute__((no_sanitize("vptr"))) void about_to_execute(soci::statement& st) override {
        if (prepares_) return;
        auto& backend = backend_of(st);
        backend.result_.reset(PQexecParams(handle(), backend.query_.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0));
        backend.justDescribed_ = true;
    }

    void finish(soci::statement& st) noexcept override {
        auto& held = result_of(st);
        plan_refused_ = field_of(held.get_result(), PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery";
        held.reset();
    }

    std::size_t width(soci::statement& st) override {
        return static_cast<std::size_t>(PQnfields(result_of(st).get_result()));
    }

    bool transaction_lost() override { return broken() || PQtransactionStatus(handle()) == PQTRANS_INERROR; }
    bool transaction_open() override { return PQtransactionStatus(handle()) != PQTRANS_IDLE; }

    const char* begin_statement() const override { return "BEGIN"; }

    logger log_;
    std::size_t cursors_ = 0;   // open cursors
    bool plan_refused_ = false; // by the last statement
    bool prepares_ = true;      // if false, statements are sent whole
    std::string limit_{};       // for each transaction
};

// SOCI's constructor runs a statement without a limit, on a socket that it doesn't expose, and if that fails leaks the
// connection and its memory. So a server that was silent before is probed by other means first.
result<std::unique_ptr<connection>> open_postgres(const server_address& at, std::stop_token stop) {
    const socket_mark mark;
    return open_connection([&]() -> result<std::unique_ptr<connection>> {
        if (at.was_silent->load(std::memory_order_relaxed))
            if (auto answers = probe_postgres(at.url, opening_limit(at), stop); !answers) return answers.error();
        try {
            const opening_watch in_time(opening_limit(at), std::move(stop), [&mark] { mark.shut_sockets(); });
            auto opened = std::make_unique<postgres_session>(at, mark);
            at.was_silent->store(false, std::memory_order_relaxed);
            if (auto ready = opened->set_up(at, mark); !ready) return ready.error();
            return std::unique_ptr<connection>(std::move(opened));
        } catch (const soci::soci_error&) {
            if (mark.close_sockets()) at.was_silent->store(true, std::memory_order_relaxed);
            throw;
        }
    });
}

} // namespace

} // namespace weir::orm

const weir::orm::driver weir_orm_postgresql{&weir::orm::open_postgres};
