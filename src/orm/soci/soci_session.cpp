// SPDX-License-Identifier: MIT
#include "orm/soci/soci_session.hpp"

#include <algorithm>
#include <utility>

namespace weir::orm {

soci_session::soci_session(const soci::backend_factory& backend, const std::string& connect, const driver_style& style)
    : connection_(backend, connect), style_(style), statements_(connection_, style_) {}

namespace {

// Runs a callable at the end of a scope.
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

// Also ends a transaction that the job began in custom SQL, which the next job would continue.
void soci_session::end_job() noexcept {
    if (in_transaction_ || (!broken_ && transaction_open())) rollback();
    limits_ = job_limits();
    if (std::exchange(shielded_, false)) kept_ = job_limits();
    statement_ends_ = time_point::max();
}

// The end of a transaction can't be cancelled, and may take as long as a statement.
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

// A running statement. It may be nested: while a row of an outer statement is processed, an inner one may run.
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

// The only way to the driver: refuses late statements, retries outdated prepared ones once, and turns the driver's
// exceptions into errors.
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

// The failure loses an open transaction: its caller has to repeat it.
bool soci_session::runs_again(const std::exception& failure) {
    if (!is_outdated(failure)) return false;
    statements_.outdate();
    return !transaction_open();
}

namespace {

// Details of a bad stored value belong in the log; details of a bad argument belong to the caller.
error binding_failure(const binding_error& failure) {
    if (failure.kind != errc::internal) return {failure.kind, failure.what()};
    return error(errc::internal, "a stored value doesn't fit its member")
        .caused_by(error(errc::unknown, failure.what()));
}

error outcome_unknown(errc kind, const char* what, error cause) {
    return error(kind,
                 std::string("the connection to the database was lost while ") + what + ": its outcome is unknown")
        .with_code(std::string(outcome_unknown_code))
        .caused_by(std::move(cause));
}

// The statement for the log, shortened to what helps to find it.
std::string shown(std::string_view sql) {
    constexpr std::size_t most = 1024;
    if (sql.size() <= most) return std::string(sql);
    std::size_t end = most;
    while ((static_cast<unsigned char>(sql[end]) & 0xc0U) == 0x80U) --end; // inside a character
    return std::string(sql.substr(0, end)) + "… (" + std::to_string(sql.size()) + " bytes)";
}

} // namespace

error soci_session::failed(const std::exception& failure, std::string_view sql) {
    const auto* const unbound = dynamic_cast<const binding_error*>(&failure);
    error known = unbound ? binding_failure(*unbound) : explain(failure);
    error cause = known.cause() ? error(errc::unknown, std::string(known.cause().message()) + " in: " + shown(sql))
                                : error(errc::unknown, "in: " + shown(sql));
    known = std::move(known).caused_by(std::move(cause));
    if (!unbound && in_transaction_ && transaction_lost()) lost_ = known; // a value that doesn't fit loses nothing
    if (!broken_ || in_transaction_ || has_no_lasting_effect(sql, style_.syntax)) return known;
    const errc kind = known.kind();
    return outcome_unknown(kind, "running a statement", std::move(known));
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

std::size_t soci_session::changed_rows(soci::statement& st) {
    return static_cast<std::size_t>(std::max(0LL, st.get_affected_rows()));
}

error soci_session::reason_or(error meaning) const {
    if (auto late = reason_to_end()) return late;
    return meaning;
}

std::string soci_session::driver_message(const std::exception& failure) {
    const auto* const known = dynamic_cast<const soci::soci_error*>(&failure);
    return known ? known->get_error_message() : failure.what();
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
    return outcome_unknown(errc::unavailable, "committing a transaction", stored.error());
}

void soci_session::rollback() noexcept {
    shield();
    const bool open = !broken_;
    lost_ = error();
    in_transaction_ = false;
    try {
        if (open && transaction_open() && !plain("ROLLBACK")) mark_broken();
    } catch (...) {
        mark_broken(); // out of memory: closing the connection rolls back
    }
}

} // namespace weir::orm
