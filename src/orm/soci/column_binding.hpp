// SPDX-License-Identifier: MIT
#pragma once

#include "orm/sql/sql_text.hpp"
#include <weir/core/error.hpp>
#include <weir/orm/detail/column_type.hpp>

#include <soci/soci.h>
#include <soci/version.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir::orm {

// A value that doesn't fit its column or its member; the message contains neither values nor SQL.
struct binding_error : std::runtime_error {
    binding_error(errc kind, const std::string& text) : std::runtime_error(text), kind(kind) {}
    errc kind;
};

// Differences between the drivers.
struct driver_style {
    sql_syntax syntax{};
    bool text_booleans = false; // booleans are sent as `t` and `f`
    bool plain_times = false;   // `2026-11-23 08:30:00.000000`, without T and Z

    std::size_t most_values = 65'535; // per statement

    // Prepares the SQL; `parts` are the pieces between its values. Null if SOCI's own way works: it takes `:name` for a
    // value, except on SQLite.
    void (*prepare)(soci::statement& st, const std::string& sql, std::vector<std::string> parts) = nullptr;

    // The number of columns that a statement just prepared will return; nullopt if the check isn't needed. Null if the
    // database knows it only after execution.
    std::optional<std::size_t> (*columns)(soci::statement& st, std::string_view sql) = nullptr;

    // Keeps the driver from deallocating the statement on the server. Null if the driver doesn't do that.
    void (*abandon)(soci::details::statement_backend& st) = nullptr;

    // Whether the current row's value of a column, counted from 1, is of that kind or converts to it without loss;
    // called for values that aren't NULL. Null if the server enforces the columns' types.
    bool (*is_of_kind)(soci::details::statement_backend& st, int column, column_kind kind) = nullptr;
};

// SOCI binds its into and use elements to one variable for life. These are rebound to a member at each execution of a
// cached statement, by repeating the backend's define or bind: no value is copied, except for kinds without a SOCI
// type. They also handle NULL indicators and conversions.

class column_into final : public soci::details::into_type_base {
public:
    explicit column_into(const driver_style& style) : style_(style) {}

    void point_at(const target& to);

    void define(soci::details::statement_impl& st, int& position) override;
    void pre_exec(int num) override { backend_->pre_exec(num); }
    void pre_fetch() override { backend_->pre_fetch(); }
    void post_fetch(bool got_data, bool called_from_fetch) override;
    void clean_up() override;
    std::size_t size() const override { return 1; }

private:
    void deliver();
    void deliver_to(void* data);
    [[noreturn]] void refuse(const char* why) const;

    const driver_style& style_;
    soci::details::statement_backend* statement_ = nullptr;
    std::unique_ptr<soci::details::standard_into_type_backend> backend_;
    int position_ = 0;
    target to_;
    soci::indicator indicator_ = soci::i_null;
    long long integer_ = 0;
    double real_ = 0;
    std::string text_;
};

class argument_use final : public soci::details::use_type_base {
public:
    explicit argument_use(const driver_style& style) : style_(style) {}

    void point_at(const argument& from);
    // After a failed execution, where SOCI leaks the value's text.
    void release() { backend_->clean_up(); }

    void bind(soci::details::statement_impl& st, int& position) override;
    std::string get_name() const override { return {}; }
    // SOCI puts this into error messages: keeps values out of logs.
#if SOCI_VERSION >= 400100
    void dump_value(std::ostream& os, int) const override { os << "?"; }
#else
    void dump_value(std::ostream& os) const override { os << "?"; }
#endif
    void pre_exec(int num) override { backend_->pre_exec(num); }
    void pre_use() override { backend_->pre_use(&indicator_); }
    void post_use(bool got_data) override { backend_->post_use(got_data, &indicator_); }
    void clean_up() override;
    std::size_t size() const override { return 1; }

private:
    void bind_data(const void* data, soci::details::exchange_type type);
    void bind_text(const std::string& text);
    void bind_real(const double& number);

    const driver_style& style_;
    std::unique_ptr<soci::details::standard_use_type_backend> backend_;
    int position_ = 0;
    soci::indicator indicator_ = soci::i_null;
    long long integer_ = 0;
    std::string text_;
};

} // namespace weir::orm
