// SPDX-License-Identifier: MIT
#pragma once

// What weir uses of SOCI 4.1, as its interface declares it and with nothing behind it: sources are compiled against
// this, and not linked.
#include <cstddef>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>

namespace soci {

enum db_type { db_string, db_int64, db_double, db_date };
enum data_type { dt_string, dt_long_long, dt_double, dt_date };
enum indicator { i_ok, i_null, i_truncated };

class soci_error : public std::runtime_error {
public:
    explicit soci_error(const std::string& text) : std::runtime_error(text) {}
    std::string get_error_message() const;
};

class connection_parameters;
class session;

namespace details {

enum exchange_type { x_char, x_stdstring, x_int32, x_int64, x_uint64, x_double, x_long_long = x_int64 };
enum statement_type { st_one_time_query, st_repeatable_query };

class standard_into_type_backend {
public:
    virtual ~standard_into_type_backend() = default;
    virtual void define_by_pos(int& position, void* data, exchange_type type) = 0;
    virtual void pre_exec(int num) = 0;
    virtual void pre_fetch() = 0;
    virtual void post_fetch(bool got_data, bool called_from_fetch, indicator* state) = 0;
    virtual void clean_up() = 0;
};

class standard_use_type_backend {
public:
    virtual ~standard_use_type_backend() = default;
    virtual void bind_by_pos(int& position, void* data, exchange_type type, bool read_only) = 0;
    virtual void pre_exec(int num) = 0;
    virtual void pre_use(const indicator* state) = 0;
    virtual void post_use(bool got_data, indicator* state) = 0;
    virtual void clean_up() = 0;
};

class statement_backend {
public:
    virtual ~statement_backend() = default;
    virtual void clean_up() = 0;
    virtual void describe_column(int column, db_type& type, std::string& name) = 0;
    virtual data_type to_data_type(db_type type) const;
};

class session_backend {
public:
    virtual ~session_backend() = default;
};

class statement_impl {
public:
    statement_backend* get_backend();
    standard_into_type_backend* make_into_type_backend();
    standard_use_type_backend* make_use_type_backend();
};

class into_type_base {
public:
    virtual ~into_type_base() = default;
    virtual void define(statement_impl& st, int& position) = 0;
    virtual void pre_exec(int num) = 0;
    virtual void pre_fetch() = 0;
    virtual void post_fetch(bool got_data, bool called_from_fetch) = 0;
    virtual void clean_up() = 0;
    virtual std::size_t size() const = 0;
    virtual void resize(std::size_t) {}
};

class use_type_base {
public:
    virtual ~use_type_base() = default;
    virtual void bind(statement_impl& st, int& position) = 0;
    virtual std::string get_name() const = 0;
    virtual void dump_value(std::ostream& os, int index) const = 0;
    virtual void pre_exec(int num) = 0;
    virtual void pre_use() = 0;
    virtual void post_use(bool got_data) = 0;
    virtual void clean_up() = 0;
    virtual std::size_t size() const = 0;
};

template<class T>
class type_ptr {
public:
    explicit type_ptr(T* owned);
    ~type_ptr();
};
using into_type_ptr = type_ptr<into_type_base>;
using use_type_ptr = type_ptr<use_type_base>;

} // namespace details

class backend_factory {
public:
    virtual ~backend_factory() = default;
    virtual details::session_backend* make_session(const connection_parameters& parameters) const = 0;
};

class session {
public:
    session(const backend_factory& factory, const std::string& connect);
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    session(session&&) noexcept;
    session& operator=(session&&) noexcept;
    ~session();
    details::session_backend* get_backend();
};

class statement {
public:
    explicit statement(session& s);
    statement(const statement& other);
    void operator=(const statement& other);
    ~statement();
    void alloc();
    void exchange(const details::into_type_ptr& element);
    void exchange(const details::use_type_ptr& element);
    void prepare(const std::string& query, details::statement_type type = details::st_repeatable_query);
    void define_and_bind();
    bool execute(bool with_data_exchange = false);
    bool fetch();
    long long get_affected_rows();
    details::statement_backend* get_backend();
};

} // namespace soci
