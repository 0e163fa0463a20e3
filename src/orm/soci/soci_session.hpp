// SPDX-License-Identifier: MIT
#pragma once

#include "orm/soci/connection.hpp"
#include "orm/soci/job_limits.hpp"
#include "orm/soci/statement_cache.hpp"
#include <weir/orm/detail/session.hpp>

#include <soci/soci.h>

#include <exception>
#include <string>

namespace weir::orm {

// A session on SOCI: statements and transactions. Derived classes do what differs between backends.
class soci_session : public connection {
public:
    soci_session(const soci::backend_factory& backend, const std::string& connect, const driver_style& style);

    result<std::size_t> execute(std::string_view sql, std::span<const argument> in) override;
    result<std::size_t> select(std::string_view sql, std::span<const argument> in, std::span<const target> out,
                               row_sink& sink, std::size_t most) override;

    result<void> begin() override;
    result<void> commit() override;
    void rollback() noexcept override;
    bool in_transaction() const noexcept override { return in_transaction_; }

    void begin_job(const job_limits& limits) override;
    void end_job() noexcept override;
    bool broken() const noexcept override { return broken_; }

protected:
    // Called around each statement's time in the driver.
    virtual void statement_begins() {}
    virtual void statement_ended() noexcept {}
    // Called before a statement without values is executed.
    virtual void about_to_execute(soci::statement&) {}
    // Interprets a failure by the backend's own codes.
    virtual error explain(const std::exception& failure) = 0;
    // Whether the statement failed without any effect because it was prepared too long ago.
    virtual bool is_outdated(const std::exception&) const { return false; }
    // Ends the statement's execution and releases its hold on the database.
    virtual void finish(soci::statement& st) noexcept = 0;
    // The number of columns of a running statement.
    virtual std::size_t width(soci::statement& st) = 0;
    virtual std::size_t changed_rows(soci::statement& st);
    // Whether the failure ended the transaction, or left it accepting nothing but its end.
    virtual bool transaction_lost() = 0;
    // Whether the database still has an open transaction.
    virtual bool transaction_open() = 0;
    virtual const char* begin_statement() const = 0;
    // Enable and disable the interruption of running statements by cancellation.
    virtual void arm() = 0;
    virtual void disarm() noexcept = 0;

    bool out_of_time() const { return bool(limits_.reason(statement_ends_)); }
    error reason_to_end() const { return limits_.reason(statement_ends_); }
    // The reason to end the job, if it has one, in place of what the database made of it.
    error reason_or(error meaning) const;
    // The driver's own message, without what SOCI puts around it.
    static std::string driver_message(const std::exception& failure);
    void mark_broken() noexcept { broken_ = true; }
    // May be changed before the first statement.
    driver_style& style() noexcept { return style_; }
    // The running statement, for explain().
    std::string_view statement() const noexcept { return statement_; }
    soci::session& connection() noexcept { return connection_; }

    job_limits limits_{};
    time_point statement_ends_ = time_point::max();

private:
    class running_statement;

    void shield() noexcept;
    void unshield();
    template<class F>
    result<std::size_t> guarded(std::string_view sql, F body);
    bool runs_again(const std::exception& failure);
    error failed(const std::exception& failure, std::string_view sql);
    result<void> plain(const char* sql);

    soci::session connection_;
    driver_style style_;
    statement_cache statements_;
    std::string_view statement_{};
    bool running_ = false;
    job_limits kept_{}; // the job's limits while shielded
    bool shielded_ = false;
    error lost_{};
    bool in_transaction_ = false;
    bool broken_ = false;
};

} // namespace weir::orm
