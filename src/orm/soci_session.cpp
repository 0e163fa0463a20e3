// SPDX-License-Identifier: MIT
#include "orm/soci_session.hpp"

#include <utility>

namespace weir::orm {

soci_session::soci_session(const soci::backend_factory& backend, const std::string& connect,
                           const exchange_style& style)
    : connection_(backend, connect), style_(style), statements_(connection_, style_) {}

namespace {

// Does what has to be done at the end, however that comes.
template<class F>
class finally {
public:
    explicit finally(F f) : f_(std::move(f)) {}
    finally(const finally&) = delete;
    finally& operator=(const finally&) = delete;
    ~finally() { f_(); }

private:
    F f_;
};

} // namespace

void soci_session::begin_job(const job_limits& limits) {
    limits_ = limits;
    arm();
}

// Also of a transaction that the job began in SQL of its own, which the next job would go on with.
void soci_session::end_job() noexcept {
    if (in_transaction_ || (!broken_ && transaction_open())) rollback();
    limits_ = job_limits();
    if (std::exchange(shielded_, false)) kept_ = job_limits();
    statement_ends_ = time_point::max();
}

// A transaction's end isn't cancelled any more, and may take as long as a statement.
void soci_session::shield() noexcept {
    if (std::exchange(shielded_, true)) return;
    disarm();
    kept_ = limits_;
    limits_.stop = {};
    limits_.deadline = time_point::max();
}

void soci_session::unshield() {
    if (!std::exchange(shielded_, false)) return;
    limits_ = std::exchange(kept_, {});
    arm();
}

// A statement that runs, maybe while a row of another one is looked at: that one goes on behind it.
class soci_session::running_statement {
public:
    running_statement(soci_session& on, std::string_view sql)
        : on_(on), outer_(std::exchange(on.statement_, sql)),
          outer_ends_(std::exchange(on.statement_ends_, on.limits_.statement_end())),
          inside_(std::exchange(on.running_, true)) {
        on_.statement_begins();
    }
    running_statement(const running_statement&) = delete;
    running_statement& operator=(const running_statement&) = delete;
    ~running_statement() {
        on_.statement_ = outer_;
        on_.statement_ends_ = outer_ends_;
        on_.running_ = inside_;
        if (inside_)
            on_.statement_begins();
        else
            on_.statement_ended();
    }

private:
    soci_session& on_;
    const std::string_view outer_;
    const time_point outer_ends_;
    const bool inside_;
};

// The one way to the driver: refuses what comes too late, runs what was prepared too long ago once more, and turns what
// the driver throws into errors.
template<class F>
result<std::size_t> soci_session::guarded(std::string_view sql, F body) {
    if (lost_) return lost_;
    const running_statement running(*this, sql); // from here on the statement can be cancelled
    for (bool first = true;; first = false) {
        if (auto late = limits_.reason()) return late;
        try {
            return body();
        } catch (const std::bad_alloc&) {
            throw;
        } catch (const std::exception& failure) {
            if (!runs_again(failure) || !first) return failed(failure, sql);
        }
    }
}

// A transaction that is open is lost by the failure: its caller has to run it again.
bool soci_session::runs_again(const std::exception& failure) {
    if (!is_outdated(failure)) return false;
    statements_.outdate();
    return !transaction_open();
}

namespace {

// What is wrong with a stored value is for the log; what is wrong with a given one is for its giver.
error exchange_failure(const exchange_error& failure) {
    if (failure.kind != errc::internal) return {failure.kind, failure.what()};
    return error(errc::internal, "a stored value doesn't fit its member")
        .caused_by(error(errc::unknown, failure.what()));
}

error outcome_unknown(errc kind, const char* what, error cause) {
    return error(kind, std::string("the connection to the database was lost while a ") + what +
                           ": whether it took effect isn't known")
        .with_code(std::string(outcome_unknown_code))
        .caused_by(std::move(cause));
}

// The statement for the log: no more of it than helps to find it.
std::string shown(std::string_view sql) {
    constexpr std::size_t most = 1024;
    if (sql.size() <= most) return std::string(sql);
    std::size_t end = most;
    while ((static_cast<unsigned char>(sql[end]) & 0xc0U) == 0x80U) --end; // within a character
    return std::string(sql.substr(0, end)) + "… (" + std::to_string(sql.size()) + " bytes)";
}

} // namespace

error soci_session::failed(const std::exception& failure, std::string_view sql) {
    const auto* const exchange = dynamic_cast<const exchange_error*>(&failure);
    error known = exchange ? exchange_failure(*exchange) : explain(failure);
    error cause = known.cause() ? error(errc::unknown, std::string(known.cause().message()) + " in: " + shown(sql))
                                : error(errc::unknown, "in: " + shown(sql));
    known = std::move(known).caused_by(std::move(cause));
    if (!exchange && in_transaction_ && transaction_lost()) lost_ = known; // a value that doesn't fit loses nothing
    if (!broken_ || in_transaction_ || leaves_nothing(sql, style_.syntax)) return known;
    const errc kind = known.kind();
    return outcome_unknown(kind, "statement was being run", std::move(known));
}

namespace {

void bind(prepared& st, std::span<const argument> in) {
    for (std::size_t i = 0; i < in.size(); ++i) st.ins[i]->point_at(in[i]);
}

void execute_bound(prepared& st, bool with_exchange) {
    try {
        st.statement.execute(with_exchange);
    } catch (...) {
        for (argument_use* one : st.ins) one->release();
        throw;
    }
}

} // namespace

result<std::size_t> soci_session::execute(std::string_view sql, std::span<const argument> in) {
    return guarded(sql, [&] {
        const auto st = statements_.take(sql, in.size(), 0);
        const finally done([&] { finish(st->statement); });
        bind(*st, in);
        if (in.empty()) about_to_execute(st->statement);
        execute_bound(*st, true);
        return changed_rows(st->statement);
    });
}

result<std::size_t> soci_session::select(std::string_view sql, std::span<const argument> in,
                                         std::span<const target> out, row_sink& sink, std::size_t most) {
    return guarded(sql, [&] {
        const auto st = statements_.take(sql, in.size(), out.size());
        const finally done([&] { finish(st->statement); });
        bind(*st, in);
        for (std::size_t i = 0; i < out.size(); ++i) st->outs[i]->point_at(out[i]);
        if (in.empty()) about_to_execute(st->statement);
        execute_bound(*st, false);
        require_columns(width(st->statement), out.size());
        std::size_t rows = 0;
        while (st->statement.fetch()) {
            sink.take();
            if (++rows == most || !sink.wants_more()) break;
        }
        return rows;
    });
}

result<void> soci_session::plain(const char* sql) {
    auto done = execute(sql, {});
    if (!done) return done.error();
    return ok();
}

result<void> soci_session::begin() {
    unshield();
    auto begun = plain(begin_statement());
    in_transaction_ = begun.has_value();
    return begun;
}

result<void> soci_session::commit() {
    if (auto late = lost_ ? lost_ : limits_.reason()) {
        rollback();
        return late;
    }
    shield();
    auto stored = plain("COMMIT");
    if (stored) {
        in_transaction_ = false;
        return stored;
    }
    rollback();
    if (!broken_) return stored;
    return outcome_unknown(errc::unavailable, "transaction was being stored", stored.error());
}

void soci_session::rollback() noexcept {
    shield();
    const bool open = !broken_;
    lost_ = error();
    in_transaction_ = false;
    try {
        if (open && transaction_open() && !plain("ROLLBACK")) mark_broken();
    } catch (...) {
        mark_broken(); // out of memory: the connection's end rolls back
    }
}

} // namespace weir::orm
