// SPDX-License-Identifier: MIT
#include "orm/soci/driver.hpp"
#include "orm/soci/network_session.hpp"
#include "orm/soci/open_connection.hpp"
#include "orm/soci/opening_watch.hpp"
#include "orm_mysql/mysql_connect.hpp"
#include "orm_mysql/mysql_dialect.hpp"
#include "orm_mysql/mysql_error.hpp"
#include "orm_mysql/packet_size.hpp"
#include <weir/orm/detail/operations.hpp>

#include <fmt/format.h>
#include <soci/mysql/soci-mysql.h>

#include <algorithm>
#include <charconv>

namespace weir::orm {

namespace {

using namespace std::chrono_literals;

// Debian's library hides the type information of its classes, so that UBSan's check of these casts can't link.
__attribute__((no_sanitize("vptr"))) MYSQL* handle_of(soci::session& connection) {
    return static_cast<soci::mysql_session_backend*>(connection.get_backend())->conn_;
}

__attribute__((no_sanitize("vptr"))) MYSQL_RES* result_of(soci::statement& st) {
    return static_cast<soci::mysql_statement_backend*>(st.get_backend())->result_;
}

// The driver sends its chunks with the values between them.
__attribute__((no_sanitize("vptr"))) void prepare(soci::statement& st, const std::string&,
                                                  std::vector<std::string> parts) {
    static_cast<soci::mysql_statement_backend*>(st.get_backend())->queryChunks_ = std::move(parts);
}

constexpr driver_style as_mysql_does{.syntax = mysql_syntax, .plain_times = true, .prepare = prepare};

// The table of an INSERT or UPDATE that weir built.
std::string_view table_written_by(std::string_view sql) {
    for (const std::string_view word : {"INSERT INTO ", "UPDATE "}) {
        if (!sql.starts_with(word)) continue;
        sql.remove_prefix(word.size());
        const bool quoted = sql.starts_with('"');
        return quoted ? sql.substr(1, sql.find('"', 1) - 1) : sql.substr(0, sql.find_first_of(" ("));
    }
    return {};
}

// Empty for no limit, the client's default; the client counts milliseconds in an int.
std::string in_seconds(const char* option, duration time) {
    const auto seconds = whole<std::chrono::seconds>(time, 2'000'000);
    return seconds == 0 ? std::string() : fmt::format(" {}={}", option, seconds);
}

// Both servers take 0 for no limit; MariaDB allows at most a year.
std::string statement_limit(duration time, bool is_mariadb) {
    const double seconds =
        time == duration::max() ? 0 : std::clamp(std::chrono::duration<double>(time).count(), 1e-6, 31'536'000.0);
    return is_mariadb ? fmt::format("max_statement_time = {:.6f}", seconds)
                      : fmt::format("max_execution_time = {}", whole<std::chrono::milliseconds>(time, 4'294'967'295));
}

// The driver's own timeouts cover the time before the pool watches; statement limits are shorter than the read timeout.
std::string connect_text(const std::string& address, const server_address& at) {
    const duration answer_timeout = weir::detail::sum(at.statement_timeout, 2s);
    std::string made = address + " charset=utf8mb4";
    made += in_seconds("connect_timeout", at.connect_timeout);
    made += in_seconds("read_timeout", answer_timeout) + in_seconds("write_timeout", answer_timeout);
    return made;
}

// MySQL takes the request as a statement on another connection.
class mysql_cancel final : public cancel_request {
public:
    mysql_cancel(mysql_url to, unsigned long connection)
        : to_(std::move(to)), kill_(fmt::format("KILL QUERY {}", connection)) {}

    void send() noexcept override {
        const std::unique_ptr<MYSQL, decltype(&mysql_close)> asks(mysql_init(nullptr), &mysql_close);
        if (!asks) return;
        constexpr unsigned second = 1;
        for (const auto limit : {MYSQL_OPT_CONNECT_TIMEOUT, MYSQL_OPT_READ_TIMEOUT, MYSQL_OPT_WRITE_TIMEOUT})
            mysql_options(asks.get(), limit, &second);
        if (connect(*asks, to_))
            (void)mysql_real_query(asks.get(), kill_.data(), kill_.size()); // its session sees the effect
    }

private:
    const mysql_url to_;
    const std::string kill_;
};

class mysql_session final : public network_session {
public:
    mysql_session(const std::string& address, const server_address& at)
        : network_session(soci::mysql, connect_text(address, at), as_mysql_does) {}

    result<void> set_up(const mysql_url& to, const server_address& at, std::stop_token stop) {
        const bool needs_tls = to.tls > tls_mode::prefer && to.socket.empty();
        if (needs_tls && !mysql_get_ssl_cipher(handle()))
            return error(errc::unavailable, "the server doesn't support TLS");
        const int socket = static_cast<int>(mysql_get_socket(handle()));
        auto request = std::make_shared<mysql_cancel>(to, mysql_thread_id(handle()));
        if (auto watched = watch(socket, std::move(request), at); !watched) return watched;
        limit_silence(at.connect_timeout);
        const opening_watch in_time(at.connect_timeout, std::move(stop), [this] { hang_up(); });
        const char* const version = mysql_get_server_info(handle());
        is_mariadb_ = version && std::string_view(version).find("MariaDB") != std::string_view::npos;
        for (const std::string& sql :
             {std::string("SET NAMES utf8mb4 COLLATE ") + (is_mariadb_ ? mariadb_collation : mysql_collation),
              "SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
              "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', " +
                  statement_limit(at.statement_timeout, is_mariadb_),
              at.init_sql})
            if (!sql.empty() && mysql_real_query(handle(), sql.data(), sql.size()) != 0)
                return error(errc::unavailable, ::mysql_error(handle()));
        const std::string packet = first_value("SELECT @@max_allowed_packet");
        std::from_chars(packet.data(), packet.data() + packet.size(), largest_packet_);
        return ok();
    }

    // The server would close the connection on a larger packet.
    result<std::size_t> execute(std::string_view sql, std::span<const argument> in) override {
        if (!fits(sql, in)) return larger_than_packet();
        return network_session::execute(sql, in);
    }

    // The columns of a statement are known only after it has run, so a writing one is rolled back if they don't match
    // its row.
    result<std::size_t> select(std::string_view sql, std::span<const argument> in, std::span<const target> out,
                               row_sink& sink, std::size_t most) override {
        if (!fits(sql, in)) return larger_than_packet();
        const auto run = [&] { return network_session::select(sql, in, out, sink, most); };
        return writes_rows(sql, mysql_syntax) ? detail::all_or_nothing(*this, run) : run();
    }

    std::int64_t last_key() noexcept override { return static_cast<std::int64_t>(mysql_insert_id(handle())); }

    const orm::dialect& dialect() const noexcept override { return is_mariadb_ ? mariadb_dialect() : mysql_dialect(); }

private:
    MYSQL* handle() noexcept { return handle_of(connection()); }

    bool fits(std::string_view sql, std::span<const argument> in) const {
        constexpr std::size_t around = 64; // more than the protocol adds
        return fits_packet(sql, in, largest_packet_ - around);
    }

    // The first row's value; empty without rows, or if the query fails.
    std::string first_value(const std::string& sql) {
        if (mysql_real_query(handle(), sql.data(), sql.size()) != 0) return {};
        const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> rows(
            mysql_store_result(handle()), &mysql_free_result);
        const MYSQL_ROW row = rows ? mysql_fetch_row(rows.get()) : nullptr;
        return row && row[0] ? row[0] : std::string();
    }

    error explain(const std::exception& failure) override {
        const auto* const known = dynamic_cast<const soci::mysql_soci_error*>(&failure);
        const std::string text = driver_message(failure);
        code_ = known ? known->err_num_ : mysql_errno(handle());
        error meaning = mysql_failure(code_, text, code_ == mysql_duplicate_entry ? columns_of_key(text) : "");
        if (code_ == mysql_query_interrupted)
            meaning = reason_or(std::move(meaning));
        else if (mysql_is_gone(code_))
            meaning = connection_failed(std::move(meaning));
        if (in_transaction() && !broken()) learn_status();
        return std::move(meaning).caused_by(
            error(errc::unknown, fmt::format("mysql {}: {}", code_, mysql_text_without_values(code_, text))));
    }

    // The names of a unique key's columns, separated by commas; empty if the query fails.
    std::string columns_of_key(std::string_view text) {
        const std::string sql =
            "SELECT group_concat(column_name ORDER BY seq_in_index SEPARATOR ', ') "
            "FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = " +
            in_quotes(table_written_by(statement())) + " AND index_name = " + in_quotes(mysql_key_in(text));
        return first_value(sql);
    }

    void finish(soci::statement& st) noexcept override { st.get_backend()->clean_up(); }

    std::size_t width(soci::statement& st) override {
        MYSQL_RES* const rows = result_of(st);
        if (!rows && mysql_errno(handle()) != 0) // the connection was lost during the result
            throw soci::mysql_soci_error(::mysql_error(handle()), static_cast<int>(mysql_errno(handle())));
        return rows ? mysql_num_fields(rows) : 0;
    }

    // Depending on the failure and the server's options, either the transaction or only the statement is rolled back.
    bool transaction_lost() override { return broken() || !transaction_open(); }
    bool transaction_open() override { return (handle()->server_status & SERVER_STATUS_IN_TRANS) != 0; }

    const char* begin_statement() const override { return "START TRANSACTION"; }

    // The server sends its status with a success, but not with a failure.
    void learn_status() noexcept { (void)mysql_real_query(handle(), "DO 0", 4); }

    // The request may have arrived after its statement, and then ends this one.
    void absorb_cancel() noexcept override {
        const auto key = mysql_insert_id(handle());
        learn_status();
        handle()->insert_id = key;
    }

    bool is_mariadb_ = false;
    unsigned code_ = 0;
    std::size_t largest_packet_ = std::size_t{1} << 30; // the protocol's limit
};

result<std::unique_ptr<connection>> open_mysql(const server_address& at, std::stop_token stop) {
    const auto to = parse_mysql_url(at.url);
    if (!to) return to.error();
    const auto address = address_text(*to);
    if (!address) return address.error();
    return open_connection([&]() -> result<std::unique_ptr<connection>> {
        auto opened = std::make_unique<mysql_session>(*address, at);
        if (auto ready = opened->set_up(*to, at, std::move(stop)); !ready) return ready.error();
        return std::unique_ptr<connection>(std::move(opened));
    });
}

} // namespace

} // namespace weir::orm

const weir::orm::driver weir_orm_mysql{&weir::orm::open_mysql};
